#define XXH_INLINE_ALL
#include "rig/program/tearing_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "rig/core/error.hpp"
#include "rig/core/stream.hpp"

namespace lockrig::program {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

bool write_whole(int fd, ByteView data, std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t wrote =
        ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return true;
}

bool read_whole(int fd, std::span<std::uint8_t> into, std::uint64_t offset) {
  while (!into.empty()) {
    const ssize_t got =
        ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;  // somebody made the file shorter
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::uint64_t size_of(int fd, const TearingDisk::Setup& setup) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw RigError(setup.station, "disk", setup.file.string() + " is not a file",
                   "what the board's disk is said to be");
  }
  return static_cast<std::uint64_t>(status.st_size);
}

DiskWrite::Kind kind_of(nbd::Command command) {
  switch (command) {
    case nbd::Command::trim:
      return DiskWrite::Kind::trim;
    case nbd::Command::write_zeroes:
      return DiskWrite::Kind::zeroes;
    default:
      return DiskWrite::Kind::data;
  }
}

}  // namespace

struct TearingDisk::Client {
  Client(std::unique_ptr<ByteStream> s, nbd::Export served)
      : stream(std::move(s)), session(std::move(served)) {}

  std::unique_ptr<ByteStream> stream;
  nbd::Session session;
  std::array<std::uint8_t, kPiece> heard{};
  Bytes answer;
  bool powered = true;  // false for good: the disk's power may be back before it ends
};

TearingDisk::File::File(const Setup& setup)
    : fd(::open(setup.file.c_str(), O_RDWR | O_CLOEXEC)) {
  if (fd >= 0) return;
  throw RigError(setup.station, "disk",
                 "cannot open " + setup.file.string() + ": " + std::strerror(errno),
                 "that it is there and may be written");
}

TearingDisk::File::~File() { ::close(fd); }

TearingDisk::TearingDisk(World& world, Setup setup)
    : world_(world),
      setup_(std::move(setup)),
      file_(setup_),
      size_(size_of(file_.fd, setup_)),
      listener_(world, setup_.socket, setup_.station, "disk") {
  if (setup_.unit == 0) throw std::invalid_argument("a disk tears at units of a byte");
  open_door();
}

TearingDisk::~TearingDisk() = default;

void TearingDisk::cut_at(std::uint64_t number, double fraction,
                         std::function<void(const DiskWrite&)> on_cut) {
  if (number <= count_) throw std::invalid_argument("that write is past already");
  if (!(fraction >= 0 && fraction <= 1)) {
    throw std::invalid_argument("a cut keeps a fraction between 0 and 1");
  }
  cut_ = Cut{number, fraction, std::move(on_cut)};
}

void TearingDisk::power_on() {
  if (!fault_.empty()) return;
  // Killed or not, nobody from before is heard again: not even who had not been
  // accepted when the disk died.
  die();
  connections_.clear();
  listener_.refuse_waiting();
  dead_ = false;
  open_door();
}

void TearingDisk::check() const {
  if (!fault_.empty()) {
    throw RigError(setup_.station, "disk", fault_, "the host's file system");
  }
}

void TearingDisk::open_door() {
  door_ = std::make_unique<Life>(world_, "disk");
  door_->spawn(welcome());
}

// Its tasks end, its connections stay open: a client sees silence.
void TearingDisk::die() {
  dead_ = true;
  world_.end(std::move(door_));
  for (Connection& connection : connections_) {
    connection.client->powered = false;
    world_.end(std::move(connection.life));
  }
}

Task<void> TearingDisk::welcome() {
  for (;;) {
    std::unique_ptr<ByteStream> stream = co_await listener_.accept(kNever);
    if (connections_.size() >= kMaxClients) continue;
    nbd::Export served;
    served.name = setup_.name;
    served.size = size_;
    const auto client = std::make_shared<Client>(std::move(stream), std::move(served));
    auto life = std::make_unique<Life>(world_, "disk's client");
    life->keep(client);
    life->spawn(serve(*client));
    connections_.push_back({client, std::move(life)});
  }
}

Task<void> TearingDisk::serve(Client& client) {
  for (;;) {
    const bool goes_on = co_await answer_all(client);
    if (!goes_on) break;
    const ReadResult heard = co_await client.stream->read_some(client.heard, kNever);
    if (heard.status != StreamStatus::ok) break;
    client.session.feed(ByteView(client.heard).first(heard.count));
  }
  leave(client);
  co_await world_.never();
}

Task<bool> TearingDisk::answer_all(Client& client) {
  const Bytes greeting = client.session.take_output();
  StreamStatus status = co_await client.stream->write(greeting);
  while (status == StreamStatus::ok) {
    const auto request = client.session.next();
    if (!request) break;
    perform(*request, client.answer);
    if (!client.powered) co_await world_.never();
    status = co_await client.stream->write(client.answer);
  }
  co_return status == StreamStatus::ok && !client.session.ended();
}

void TearingDisk::leave(Client& client) {
  const std::string_view complaint = client.session.complaint();
  if (!complaint.empty()) note(fmt::format("a client is let go: {}", complaint));
  const auto found = std::ranges::find(
      connections_, &client, [](const Connection& c) { return c.client.get(); });
  world_.end(std::move(found->life));
  connections_.erase(found);
}

void TearingDisk::perform(const nbd::Request& request, Bytes& answer) {
  answer.clear();
  nbd::Error error = request.refusal;
  if (error == nbd::Error::none) {
    switch (request.command) {
      case nbd::Command::read:
        error = read(request, answer);
        if (error == nbd::Error::none) return;
        break;
      case nbd::Command::write:
      case nbd::Command::write_zeroes:
      case nbd::Command::trim:
        error = write(request);
        break;
      case nbd::Command::flush:
      case nbd::Command::disconnect:
        break;
    }
  }
  answer.clear();
  nbd::append_reply(answer, request.handle, error);
}

nbd::Error TearingDisk::read(const nbd::Request& request, Bytes& answer) {
  nbd::append_reply(answer, request.handle, nbd::Error::none);
  answer.resize(nbd::kReplySize + request.length);
  const std::span<std::uint8_t> into = std::span(answer).subspan(nbd::kReplySize);
  if (!read_whole(file_.fd, into, request.offset)) return fail("cannot read its file");
  return nbd::Error::none;
}

nbd::Error TearingDisk::write(const nbd::Request& request) {
  DiskWrite write;
  write.number = ++count_;
  write.at = world_.now();
  write.kind = kind_of(request.command);
  write.offset = request.offset;
  write.length = request.length;
  write.hash = request.command == nbd::Command::write
                   ? XXH3_64bits(request.data.data(), request.data.size())
                   : 0;
  write.torn = cut_ && cut_->number == write.number;
  write.kept = write.torn ? kept_of(request) : request.length;
  if (!put(request, write.kept)) return fail("cannot write its file");
  std::optional<Cut> cut;
  if (write.torn) {
    cut = std::exchange(cut_, std::nullopt);
    die();
    note(fmt::format("write {} torn: {} of {} bytes at {}", write.number, write.kept,
                     write.length, write.offset));
  }
  if (on_write_) on_write_(write);
  if (cut && cut->on_cut) cut->on_cut(write);
  return nbd::Error::none;
}

std::uint32_t TearingDisk::kept_of(const nbd::Request& request) const {
  const auto kept =
      static_cast<std::uint32_t>(std::floor(cut_->fraction * request.length));
  if (kept == request.length) return kept;
  const std::uint64_t end = request.offset + kept;
  const std::uint64_t part = end % setup_.unit;  // of the unit that is not whole
  return part < kept ? static_cast<std::uint32_t>(kept - part) : 0;
}

bool TearingDisk::put(const nbd::Request& request, std::uint32_t kept) {
  if (request.command == nbd::Command::write) {
    return write_whole(file_.fd, request.data.first(kept), request.offset);
  }
  return put_zeroes(request.offset, kept, !request.no_hole);
}

bool TearingDisk::put_zeroes(std::uint64_t offset, std::uint64_t length, bool as_hole) {
  if (length == 0) return true;
  // A program that clears a large disk is not to fill the host's.
  if (as_hole &&
      ::fallocate(file_.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) {
    return true;
  }
  static constexpr std::array<std::uint8_t, kPiece> kZeroes{};
  while (length > 0) {
    const std::size_t piece = std::min<std::uint64_t>(length, kZeroes.size());
    if (!write_whole(file_.fd, ByteView(kZeroes).first(piece), offset)) return false;
    offset += piece;
    length -= piece;
  }
  return true;
}

nbd::Error TearingDisk::fail(const std::string& what) {
  fault_ = what + ": " + std::strerror(errno);
  die();
  note(fault_);
  return nbd::Error::io;
}

void TearingDisk::note(std::string_view text) {
  world_.trace().note(world_.trace().channel("disk"), world_.now(), text);
}

}  // namespace lockrig::program
