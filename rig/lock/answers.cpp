#include "rig/lock/answers.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "rig/portal/fields.hpp"
#include "rig/protocol/smp_cbor.hpp"

namespace lockrig::lock {
namespace {

using nlohmann::json;
using portal::Fields;

Failure malformed(const std::string& what) {
  return {Failure::Kind::malformed, what, std::nullopt};
}

Failure bad_field(const char* command, const Fields& fields) {
  return malformed(std::string(command) + ": '" + fields.bad() +
                   "' is missing or not what it should be");
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Reads what is expected next; anything else makes it bad for good.
class Expect {
 public:
  explicit Expect(ByteView bytes) : reader_(bytes) {}

  bool good() const { return good_; }
  bool ended() const { return good_ && reader_.at_end(); }

  std::uint64_t count(smp::CborType type) {
    const auto head = good_ ? reader_.head() : std::nullopt;
    good_ = head && head->type == type && !head->indefinite;
    return good_ ? head->argument : 0;
  }
  std::uint32_t number() {
    const std::uint64_t value = count(smp::CborType::unsigned_number);
    good_ = good_ && value <= std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(value);
  }
  std::string_view text() {
    const auto content = reader_.take(count(smp::CborType::text));
    good_ = good_ && content;
    if (!good_) return {};
    return {reinterpret_cast<const char*>(content->data()), content->size()};
  }
  bool flag() {
    const auto head = good_ ? reader_.head() : std::nullopt;
    good_ = head && head->type == smp::CborType::simple && head->width == 0 &&
            (head->argument == smp::kCborTrue || head->argument == smp::kCborFalse);
    return good_ && head->argument == smp::kCborTrue;
  }
  /// As text(), without what the document's reader might refuse.
  std::string ascii() {
    const std::string_view content = text();
    that(is_ascii(content));
    return std::string(content);
  }
  void key(std::string_view name) { good_ = text() == name && good_; }
  void that(bool condition) { good_ = good_ && condition; }

 private:
  smp::CborReader reader_;
  bool good_ = true;
};

/// What follows the header; nothing, which is no map, where the message is not whole.
ByteView body_of(ByteView message) {
  const auto header = smp::decode_header(message);
  if (!header || message.size() - smp::kHeaderSize != header->length) return {};
  return message.subspan(smp::kHeaderSize);
}

/// nullopt for anything but a map of `off` and perhaps `match`.
std::optional<UploadAck> plain_ack(ByteView body) {
  smp::CborReader reader(body);
  const auto map = reader.head();
  if (!map || map->type != smp::CborType::map) return std::nullopt;
  UploadAck ack;
  bool has_off = false;
  for (std::uint64_t i = 0; map->indefinite ? !reader.take_break() : i < map->argument;
       ++i) {
    const auto name = reader.head();
    if (!name || name->type != smp::CborType::text || name->indefinite) {
      return std::nullopt;
    }
    const auto text = reader.take(name->argument);
    const auto value = reader.head();
    if (!text || !value) return std::nullopt;
    const std::string_view key(reinterpret_cast<const char*>(text->data()),
                               text->size());
    if (key == "off" && value->type == smp::CborType::unsigned_number &&
        value->argument <= std::numeric_limits<std::uint32_t>::max()) {
      ack.off = static_cast<std::uint32_t>(value->argument);
      has_off = true;
    } else if (key == "match" && value->type == smp::CborType::simple &&
               value->width == 0 &&
               (value->argument == smp::kCborTrue ||
                value->argument == smp::kCborFalse)) {
      ack.match = value->argument == smp::kCborTrue;
    } else {
      return std::nullopt;
    }
  }
  if (!has_off || !reader.at_end()) return std::nullopt;
  return ack;
}

}  // namespace

const char* to_string(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::timed_out:
      return "timed out";
    case Failure::Kind::closed:
      return "closed";
    case Failure::Kind::refused:
      return "refused";
    case Failure::Kind::malformed:
      return "malformed";
  }
  return "?";
}

Reply<Params> read_params(const json& body) {
  Fields fields(body);
  Params params{fields.number("buf_size"), fields.number("buf_count")};
  if (!fields.good()) return bad_field("params", fields);
  if (params.buf_size < kSmallestBuffer) {
    return malformed("params: a buffer of " + std::to_string(params.buf_size) +
                     " bytes");
  }
  params.buf_count = std::max<std::size_t>(params.buf_count, 1);
  return params;
}

Reply<smp::Nonce> read_nonce(const json& body) {
  const auto given = body.find("nonce");
  smp::Nonce nonce;
  if (given == body.end() || !given->is_binary() ||
      given->get_binary().size() != nonce.size()) {
    return malformed("challenge: no nonce of 16 bytes");
  }
  std::copy(given->get_binary().begin(), given->get_binary().end(), nonce.begin());
  return nonce;
}

Reply<State> read_state(const json& body) {
  Fields fields(body);
  State state;
  state.model = fields.text("model");
  state.revision = fields.text("rev");
  state.serial = fields.text("serial");
  state.version = fields.text("version");
  state.cause = fields.text("cause");
  state.boots = fields.number("boots");
  state.trial = fields.flag("trial");
  state.locked = fields.flag("locked");
  state.set_up = fields.flag("set_up");
  state.codes = fields.number("codes");
  state.wrong = fields.number("wrong");
  state.lock_out = fields.number("lock_out");
  state.log = fields.number("log");
  if (!fields.good()) return bad_field("state", fields);
  return state;
}

Reply<std::vector<ImageSlot>> read_images(const json& body) {
  Fields fields(body);
  std::vector<ImageSlot> images;
  for (const json& item : fields.list("images")) {
    Fields entry(item);
    ImageSlot image;
    image.slot = entry.number("slot");
    image.version = entry.text("version");
    image.active = entry.flag_or_false("active");
    image.confirmed = entry.flag_or_false("confirmed");
    image.pending = entry.flag_or_false("pending");
    if (!entry.good()) return bad_field("images", entry);
    const auto hash = item.find("hash");
    if (hash == item.end() || !hash->is_binary() ||
        hash->get_binary().size() != image.hash.size()) {
      return malformed("images: 'hash' is not 32 bytes");
    }
    std::copy(hash->get_binary().begin(), hash->get_binary().end(), image.hash.begin());
    images.push_back(std::move(image));
  }
  if (!fields.good()) return bad_field("images", fields);
  return images;
}

Reply<LogPage> read_log_page(const json& body, std::uint32_t after) {
  Fields fields(body);
  LogPage page;
  page.newest = fields.number("newest");
  for (const json& item : fields.list("events")) {
    Fields entry(item);
    LogEvent event{entry.number("n"), entry.number("b"), entry.text("t")};
    if (!entry.good()) return bad_field("log", entry);
    if (event.sequence <= after) {
      return malformed("log: event " + std::to_string(event.sequence) + " follows " +
                       std::to_string(after));
    }
    after = event.sequence;
    page.events.push_back(std::move(event));
  }
  if (!fields.good()) return bad_field("log", fields);
  return page;
}

std::optional<State> plain_state(ByteView message) {
  Expect expect(body_of(message));
  State state;
  expect.that(expect.count(smp::CborType::map) == 13);
  expect.key("boots");
  state.boots = expect.number();
  expect.key("cause");
  state.cause = expect.ascii();
  expect.key("codes");
  state.codes = expect.number();
  expect.key("lock_out");
  state.lock_out = expect.number();
  expect.key("locked");
  state.locked = expect.flag();
  expect.key("log");
  state.log = expect.number();
  expect.key("model");
  state.model = expect.ascii();
  expect.key("rev");
  state.revision = expect.ascii();
  expect.key("serial");
  state.serial = expect.ascii();
  expect.key("set_up");
  state.set_up = expect.flag();
  expect.key("trial");
  state.trial = expect.flag();
  expect.key("version");
  state.version = expect.ascii();
  expect.key("wrong");
  state.wrong = expect.number();
  if (!expect.ended()) return std::nullopt;
  return state;
}

std::optional<LogPage> plain_log_page(ByteView message, std::uint32_t after) {
  Expect expect(body_of(message));
  LogPage page;
  expect.that(expect.count(smp::CborType::map) == 2);
  expect.key("events");
  for (auto left = expect.count(smp::CborType::array); left > 0 && expect.good();
       --left) {
    LogEvent event;
    expect.that(expect.count(smp::CborType::map) == 3);
    expect.key("b");
    event.boot = expect.number();
    expect.key("n");
    event.sequence = expect.number();
    expect.key("t");
    const std::string_view text = expect.text();
    // The document's reader knows what is UTF-8, and what to say of a wrong order.
    expect.that(is_ascii(text) && event.sequence > after);
    event.text = text;
    after = event.sequence;
    page.events.push_back(std::move(event));
  }
  expect.key("newest");
  page.newest = expect.number();
  if (!expect.ended()) return std::nullopt;
  return page;
}

Reply<UploadAck> read_upload_ack(ByteView message) {
  const ByteView body = message.subspan(smp::kHeaderSize);
  if (const auto ack = plain_ack(body)) return *ack;
  const auto decoded = smp::decode(message);
  if (!decoded) return malformed("upload: not an SMP message");
  if (const auto error = smp::error_of(decoded->body)) {
    return Failure{Failure::Kind::refused, "upload: refused", error};
  }
  Fields fields(decoded->body);
  const UploadAck ack{fields.number("off"), fields.flag_or_false("match")};
  if (!fields.good()) return bad_field("upload", fields);
  return ack;
}

}  // namespace lockrig::lock
