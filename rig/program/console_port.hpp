// The console of a board that is a program: the same line for the rig, whichever start
// of the program is at its other end.
#pragma once

#include <memory>

#include "rig/io/fd_stream.hpp"

namespace lockrig::program {

class ConsolePort final : public ByteStream {
 public:
  explicit ConsolePort(World& world) : world_(world), changed_(world), taken_(world) {}
  ~ConsolePort() override { world_.end(std::move(life_)); }

  /// A program is at the other end from now on.
  void connect(std::unique_ptr<ByteStream> stream);
  /// Its power is gone. What it said before can be read.
  void disconnect() { hears_ = false; }
  /// Since the board was made.
  bool has_spoken() const { return has_spoken_; }

  /// Waits across starts: it ends with close() alone.
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  /// Bytes for a program that is not there vanish.
  Task<StreamStatus> write(ByteView data) override;
  void close() override;
  /// A reader that waits gets `failed`, once.
  void interrupt();

 private:
  Task<void> carry(std::shared_ptr<ByteStream> from);

  World& world_;
  Signal changed_;
  Signal taken_;
  Bytes arrived_;
  std::shared_ptr<ByteStream> stream_;
  bool hears_ = false;
  bool has_spoken_ = false;
  bool closed_ = false;
  bool interrupted_ = false;
  std::unique_ptr<Life> life_;
};

}  // namespace lockrig::program
