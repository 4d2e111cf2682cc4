#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/bench/image_library.hpp"
#include "rig/lock/uploader.hpp"
#include "rig/protocol/smp_line.hpp"
#include "rig/protocol/smp_upload.hpp"
#include "rig/station/console.hpp"
#include "tests/benchmark/hardware_path/console_at.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"

namespace lockrig::hardware_path {
namespace {

/// What one pass of the image is on the wire: SMP headers, CBOR, base64, CRCs and line
/// ends of all its chunks. More cannot be needed, less is not possible in this framing.
std::size_t wire_bytes(ByteView image, std::size_t message_max) {
  std::size_t bytes = 0;
  for (std::size_t off = 0; off < image.size();) {
    smp::UploadRequest request;
    request.off = static_cast<std::uint32_t>(off);
    if (off == 0) request.len = static_cast<std::uint32_t>(image.size());
    const std::size_t size = std::min(
        lock::chunk_size(message_max, request.off, request.len), image.size() - off);
    request.data = image.subspan(off, size);
    bytes += smp::encode_frame(smp::encode_upload(0, request)).size();
    off += size;
  }
  return bytes;
}

struct Uploaded {
  Duration took{};
  lock::Params params;
  bool match = false;
  std::string failure;
};

Task<Uploaded> upload(World& world, lock::Client& client, ByteView image) {
  Uploaded result;
  const auto params = co_await client.params();
  if (const auto* failure = std::get_if<lock::Failure>(&params)) {
    result.failure = failure->what;
    co_return result;
  }
  result.params = std::get<lock::Params>(params);
  const Instant begun = world.now();
  lock::Progress unheeded;
  const auto reply = co_await client.upload(image, std::move(unheeded));
  result.took = world.now() - begun;
  if (const auto* failure = std::get_if<lock::Failure>(&reply)) {
    result.failure = failure->what;
  } else {
    result.match = std::get<lock::Upload>(reply).match;
  }
  co_return result;
}

}  // namespace

int upload_image(const Words& words) {
  if (words.size() != 3) throw std::invalid_argument("upload PATH BAUD KIB");
  const int baud = std::stoi(words[1]);
  bench::ImageLibrary images(LOCKRIG_ROOT "/fixtures/boards",
                             std::stoul(words[2]) * 1024);
  const auto image = images.get("6000i-A/2.4.0");
  World world(1, Pace::wall);
  io::SerialConfig config = console_at(words[0]);
  config.baud = baud;
  io::SerialPort port(world, config);
  station::Console console(world, port, "S");
  console.set_live(true);
  lock::Client client(world, console, "S");
  const Uploaded done = world.run(upload(world, client, *image), 2min, "an upload");
  if (!done.match) {
    throw std::runtime_error("the lock did not take the image: " + done.failure);
  }
  const std::size_t wire = wire_bytes(*image, done.params.buf_size);
  const double least = static_cast<double>(wire) * 10 / baud;  // 8N1
  const nlohmann::json line = {{"baud", baud},
                               {"window", done.params.buf_count},
                               {"message_bytes", done.params.buf_size},
                               {"image_bytes", image->size()},
                               {"wire_bytes", wire},
                               {"seconds", to_seconds(done.took)},
                               {"line_share", least / to_seconds(done.took)}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace lockrig::hardware_path
