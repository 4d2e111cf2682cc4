#include "rig/rehearsal/uevent.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace lockrig::rehearsal {
namespace {

struct MonitorHeader {
  char prefix[8] = "libudev";
  std::uint32_t magic = htonl(0xfeedcafe);
  std::uint32_t header_size = sizeof(MonitorHeader);
  std::uint32_t properties_offset = sizeof(MonitorHeader);
  std::uint32_t properties_length = 0;
  std::uint32_t subsystem_hash = 0;
  std::uint32_t devtype_hash = 0;
  std::uint32_t tag_bloom_high = 0;
  std::uint32_t tag_bloom_low = 0;
};
static_assert(sizeof(MonitorHeader) == 40);

/// MurmurHash2 with seed 0: what the listeners' socket filters compare.
std::uint32_t murmur2(const std::string& text) {
  constexpr std::uint32_t kFactor = 0x5bd1e995;
  auto hash = static_cast<std::uint32_t>(text.size());
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, text.data() + at, 4);
    word *= kFactor;
    word ^= word >> 24;
    hash = hash * kFactor ^ word * kFactor;
  }
  if (at < text.size()) {
    std::uint32_t rest = 0;
    std::memcpy(&rest, text.data() + at, text.size() - at);
    hash = (hash ^ rest) * kFactor;
  }
  hash = (hash ^ hash >> 13) * kFactor;
  return hash ^ hash >> 15;
}

void send_to(const std::string& path, const std::string& message) {
  const int fd = ::socket(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  // A listener that has gone, or that does not listen, misses the event.
  if (::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, name,
               sizeof(address)) < 0 &&
      errno == ECONNREFUSED) {
    ::unlink(path.c_str());
  }
  ::close(fd);
}

}  // namespace

void UEventSender::send(const UEvent& event) {
  std::string properties;
  const auto add = [&properties](const std::string& key, const std::string& value) {
    properties += key + "=" + value;
    properties += '\0';
  };
  add("ACTION", event.action);
  add("DEVPATH", event.path);
  add("SUBSYSTEM", event.subsystem);
  if (!event.devtype.empty()) add("DEVTYPE", event.devtype);
  add("SEQNUM", std::to_string(++sequence_));
  for (const auto& [key, value] : event.properties) add(key, value);

  MonitorHeader header;
  header.properties_length = static_cast<std::uint32_t>(properties.size());
  header.subsystem_hash = htonl(murmur2(event.subsystem));
  if (!event.devtype.empty()) header.devtype_hash = htonl(murmur2(event.devtype));
  std::string message(reinterpret_cast<const char*>(&header), sizeof(header));
  message += properties;

  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("event")) send_to(entry.path().string(), message);
  }
}

}  // namespace lockrig::rehearsal
