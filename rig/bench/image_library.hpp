// The images of a run, made by name, so that a trial's spec alone replays it.
//
//   6000i-A/2.4.0                          a released image for that board
//   6000i-A/2.4.0+crash-at-start           the same with a named behaviour
//   6000i-A/2.4.0?kib=24                   of another size, else the library's
//   6000i-A/2.4.0?flip_bit=4711            mutated; the number is the mutation's
//   6000i-A/2.4.0?wrong_key=development    signed with that key of fixtures/keys
//   6000i-A/2.4.0?other_body=7000i-A/2.4.0 with the body of another image
//   7000i-A/2.4.0?patch_identity=6000i-A   with another board's identity, not re-signed
//   file:/path/to/image                    a file, for boards that are not twins
#pragma once

#include <filesystem>
#include <map>
#include <mutex>

#include "rig/bench/board_file.hpp"
#include "rig/trial/rig.hpp"

namespace lockrig::bench {

/// Sizes count the whole file.
class ImageLibrary final : public trial::Images {
 public:
  static constexpr std::size_t kImageSize = 64 * 1024;

  ImageLibrary(std::filesystem::path boards_dir, std::size_t image_size = kImageSize);

  std::shared_ptr<const Bytes> get(const std::string& name) override;
  std::vector<std::string> released(const std::string& board) override;

 private:
  Bytes make(const std::string& name);
  Bytes build(const std::string& name, std::size_t size);
  Bytes mutate(const std::string& base, const std::string& mutation,
               const std::string& argument);
  const BoardFile& board(const std::string& name);
  image::SigningKey key(const std::string& name) const;

  std::filesystem::path boards_dir_;
  std::size_t image_size_;
  std::recursive_mutex mutex_;
  std::map<std::string, BoardFile> boards_;
  std::map<std::string, std::shared_ptr<const Bytes>> images_;
};

}  // namespace lockrig::bench
