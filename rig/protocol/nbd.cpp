#include "rig/protocol/nbd.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lockrig::nbd {
namespace {

constexpr std::uint64_t kGreetingMagic = 0x4e42444d41474943;  // "NBDMAGIC"
constexpr std::uint64_t kOptionMagic = 0x49484156454f5054;    // "IHAVEOPT"
constexpr std::uint64_t kOptionReplyMagic = 0x0003e889045565a9;
constexpr std::uint32_t kRequestMagic = 0x25609513;
constexpr std::uint32_t kReplyMagic = 0x67446698;

constexpr std::size_t kOptionHeader = 16;
constexpr std::size_t kRequestHeader = 28;
constexpr std::size_t kReserved = 124;

// "Handshake flags" and "Client flags": the same two bits.
constexpr std::uint32_t kFixedNewstyle = 1 << 0;
constexpr std::uint32_t kNoZeroes = 1 << 1;

// "Transmission flags". Not CAN_MULTI_CONN, although there is no cache: the order of
// writes on two connections would be the host's and no run would repeat.
constexpr std::uint16_t kTransmissionFlags = 1 << 0    // HAS_FLAGS
                                             | 1 << 2  // SEND_FLUSH
                                             | 1 << 3  // SEND_FUA
                                             | 1 << 5  // SEND_TRIM
                                             | 1 << 6  // SEND_WRITE_ZEROES
    ;

// "Option types".
constexpr std::uint32_t kOptExportName = 1;
constexpr std::uint32_t kOptAbort = 2;
constexpr std::uint32_t kOptList = 3;
constexpr std::uint32_t kOptInfo = 6;
constexpr std::uint32_t kOptGo = 7;

// "Option reply types".
constexpr std::uint32_t kRepAck = 1;
constexpr std::uint32_t kRepServer = 2;
constexpr std::uint32_t kRepInfo = 3;
constexpr std::uint32_t kRepErrUnsupported = 0x80000001;
constexpr std::uint32_t kRepErrInvalid = 0x80000003;
constexpr std::uint32_t kRepErrUnknown = 0x80000006;

// "NBD_REP_INFO": the types of information.
constexpr std::uint16_t kInfoExport = 0;
constexpr std::uint16_t kInfoBlockSize = 3;

// "Command flags".
constexpr std::uint16_t kFlagFua = 1 << 0;
constexpr std::uint16_t kFlagNoHole = 1 << 1;

constexpr std::uint32_t kMinBlock = 1;
constexpr std::uint32_t kPreferredBlock = 4096;

template <class Unsigned>
void append(Bytes& out, Unsigned value) {
  for (int shift = 8 * (sizeof(Unsigned) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class Unsigned>
Unsigned read(ByteView bytes, std::size_t at) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>(value << 8 | bytes[at + i]);
  }
  return value;
}

ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_known(Command command) {
  switch (command) {
    case Command::read:
    case Command::write:
    case Command::disconnect:
    case Command::flush:
    case Command::trim:
    case Command::write_zeroes:
      return true;
  }
  return false;
}

}  // namespace

Session::Session(Export served) : export_(std::move(served)) {
  if (export_.name.size() > kMaxName) {
    throw std::invalid_argument("an export's name is at most 4096 bytes");
  }
  append(out_, kGreetingMagic);
  append(out_, kOptionMagic);
  append(out_, static_cast<std::uint16_t>(kFixedNewstyle | kNoZeroes));
}

void Session::feed(ByteView bytes) {
  if (ended()) return;
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  append(in_, bytes);
  while (negotiate()) {
  }
}

Bytes Session::take_output() { return std::exchange(out_, {}); }

void Session::end(std::string_view complaint) {
  phase_ = Phase::ended;
  complaint_ = complaint;
  in_ = {};
  taken_ = 0;
}

bool Session::negotiate() {
  switch (phase_) {
    case Phase::client_flags:
      return take_client_flags();
    case Phase::options:
      return take_option();
    case Phase::transmission:
    case Phase::ended:
      break;
  }
  return false;
}

bool Session::take_client_flags() {
  if (rest().size() < sizeof(std::uint32_t)) return false;
  const auto flags = read<std::uint32_t>(rest(), 0);
  taken_ += sizeof(flags);
  zeroes_wanted_ = (flags & kNoZeroes) == 0;
  phase_ = Phase::options;
  if ((flags & ~(kFixedNewstyle | kNoZeroes)) != 0) end("an unknown client flag");
  return true;
}

bool Session::take_option() {
  if (rest().size() < kOptionHeader) return false;
  const auto option = read<std::uint32_t>(rest(), 8);
  const auto length = read<std::uint32_t>(rest(), 12);
  if (read<std::uint64_t>(rest(), 0) != kOptionMagic) {
    end("no option's magic");
    return false;
  }
  if (length > kMaxOption) {
    end("an option too long");
    return false;
  }
  if (rest().size() - kOptionHeader < length) return false;
  const ByteView data = rest().subspan(kOptionHeader, length);
  taken_ += kOptionHeader + length;
  switch (option) {
    case kOptExportName:
      choose_by_name(data);
      break;
    case kOptAbort:
      reply(option, kRepAck);
      end({});
      break;
    case kOptList:
      list(data);
      break;
    case kOptInfo:
    case kOptGo:
      inform(option, data);
      break;
    default:
      reply(option, kRepErrUnsupported);
  }
  return true;
}

bool Session::is_served(ByteView name) const {
  return name.empty() || std::ranges::equal(name, bytes_of(export_.name));
}

void Session::choose_by_name(ByteView name) {
  // The one option that has no answer for an error.
  if (!is_served(name)) return end("asked for an export that is not there");
  append(out_, export_.size);
  append(out_, kTransmissionFlags);
  if (zeroes_wanted_) out_.resize(out_.size() + kReserved);
  phase_ = Phase::transmission;
}

void Session::list(ByteView data) {
  if (!data.empty()) return reply(kOptList, kRepErrInvalid);
  Bytes entry;
  append(entry, static_cast<std::uint32_t>(export_.name.size()));
  append(entry, bytes_of(export_.name));
  reply(kOptList, kRepServer, entry);
  reply(kOptList, kRepAck);
}

void Session::inform(std::uint32_t option, ByteView data) {
  constexpr std::size_t kFixed = sizeof(std::uint32_t) + sizeof(std::uint16_t);
  if (data.size() < kFixed) return reply(option, kRepErrInvalid);
  const auto name_size = read<std::uint32_t>(data, 0);
  if (name_size > data.size() - kFixed) return reply(option, kRepErrInvalid);
  const ByteView name = data.subspan(sizeof(std::uint32_t), name_size);
  const ByteView asked = data.subspan(kFixed + name_size);
  const auto count = read<std::uint16_t>(data, sizeof(std::uint32_t) + name_size);
  if (asked.size() != count * sizeof(std::uint16_t)) {
    return reply(option, kRepErrInvalid);
  }
  if (!is_served(name)) return reply(option, kRepErrUnknown);
  Bytes what;
  append(what, kInfoExport);
  append(what, export_.size);
  append(what, kTransmissionFlags);
  reply(option, kRepInfo, what);
  // Whether it was asked for or not, as the document allows: a client that knows
  // nothing assumes sectors and pads its writes to them.
  Bytes blocks;
  append(blocks, kInfoBlockSize);
  append(blocks, kMinBlock);
  append(blocks, kPreferredBlock);
  append(blocks, kMaxPayload);
  reply(option, kRepInfo, blocks);
  reply(option, kRepAck);
  if (option == kOptGo) phase_ = Phase::transmission;
}

void Session::reply(std::uint32_t option, std::uint32_t type, ByteView data) {
  append(out_, kOptionReplyMagic);
  append(out_, option);
  append(out_, type);
  append(out_, static_cast<std::uint32_t>(data.size()));
  append(out_, data);
}

std::optional<Request> Session::next() {
  if (phase_ != Phase::transmission || rest().size() < kRequestHeader) {
    return std::nullopt;
  }
  if (read<std::uint32_t>(rest(), 0) != kRequestMagic) {
    end("no request's magic");
    return std::nullopt;
  }
  const auto flags = read<std::uint16_t>(rest(), 4);
  Request request;
  request.command = static_cast<Command>(read<std::uint16_t>(rest(), 6));
  request.handle = read<std::uint64_t>(rest(), 8);
  request.offset = read<std::uint64_t>(rest(), 16);
  request.length = read<std::uint32_t>(rest(), 24);
  if (request.command == Command::disconnect) {
    end({});
    return std::nullopt;
  }
  std::size_t size = kRequestHeader;
  if (request.command == Command::write) {
    // To read on, all of it would have to be taken.
    if (request.length > kMaxPayload) {
      end("a write too long");
      return std::nullopt;
    }
    size += request.length;
    if (rest().size() < size) return std::nullopt;
    request.data = rest().subspan(kRequestHeader, request.length);
  }
  request.no_hole = (flags & kFlagNoHole) != 0;
  request.refusal = check(request, flags);
  taken_ += size;
  return request;
}

Error Session::check(const Request& request, std::uint16_t flags) const {
  if (!is_known(request.command)) return Error::invalid;
  const std::uint16_t allowed = request.command == Command::write_zeroes
                                    ? std::uint16_t{kFlagFua | kFlagNoHole}
                                    : kFlagFua;
  if ((flags & ~allowed) != 0) return Error::invalid;
  if (request.command == Command::flush) {
    return request.offset == 0 && request.length == 0 ? Error::none : Error::invalid;
  }
  if (request.command == Command::read && request.length > kMaxPayload) {
    return Error::invalid;
  }
  if (request.offset <= export_.size &&
      request.length <= export_.size - request.offset) {
    return Error::none;
  }
  const bool writes =
      request.command == Command::write || request.command == Command::write_zeroes;
  return writes ? Error::no_space : Error::invalid;
}

void append_reply(Bytes& out, std::uint64_t handle, Error error) {
  append(out, kReplyMagic);
  append(out, static_cast<std::uint32_t>(error));
  append(out, handle);
}

}  // namespace lockrig::nbd
