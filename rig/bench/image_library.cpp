#include "rig/bench/image_library.hpp"

#include <charconv>
#include <fstream>
#include <iterator>

#include "rig/core/error.hpp"
#include "rig/protocol/image_create.hpp"
#include "rig/protocol/image_mutate.hpp"
#include "rig/twin/build.hpp"

namespace lockrig::bench {
namespace {

// The baseline of every trial, the update it takes, and the one the oracle asks for.
constexpr const char* kVersions[] = {"2.3.0", "2.4.0", "2.5.0"};

std::invalid_argument bad_name(const std::string& name, const std::string& what) {
  return std::invalid_argument("image \"" + name + "\": " + what);
}

// What a bench file's image_kib may say (fixtures/README.md).
constexpr std::size_t kKibMin = 4, kKibMax = 1024;

std::size_t number(const std::string& name, const std::string& argument) {
  std::size_t number = 0;
  const char* end = argument.data() + argument.size();
  const auto parsed = std::from_chars(argument.data(), end, number);
  if (argument.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    throw bad_name(name, "expected a number, as in " + name + "=100");
  }
  return number;
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw BadInput(path, 0, "", "cannot be read");
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

ImageLibrary::ImageLibrary(std::filesystem::path boards_dir, std::size_t image_size)
    : boards_dir_(std::move(boards_dir)), image_size_(image_size) {}

std::vector<std::string> ImageLibrary::released(const std::string& board) {
  std::vector<std::string> names;
  for (const char* version : kVersions) names.push_back(board + "/" + version);
  return names;
}

std::shared_ptr<const Bytes> ImageLibrary::get(const std::string& name) {
  const std::lock_guard guard(mutex_);
  if (const auto found = images_.find(name); found != images_.end()) {
    return found->second;
  }
  auto made = std::make_shared<const Bytes>(make(name));
  images_[name] = made;
  return made;
}

const BoardFile& ImageLibrary::board(const std::string& name) {
  const auto found = boards_.find(name);
  if (found != boards_.end()) return found->second;
  return boards_.emplace(name, load_board(boards_dir_, name)).first->second;
}

image::SigningKey ImageLibrary::key(const std::string& name) const {
  const auto path = boards_dir_.parent_path() / "keys" / (name + ".pem");
  return image::SigningKey::from_pem_file(path.string());
}

Bytes ImageLibrary::make(const std::string& name) {
  if (name.starts_with("file:")) return read_file(name.substr(5));
  const auto question = name.find('?');
  if (question == std::string::npos) return build(name, image_size_);
  const std::string base = name.substr(0, question);
  const std::string change = name.substr(question + 1);
  const auto equals = change.find('=');
  const std::string mutation = change.substr(0, equals);
  const std::string argument =
      equals == std::string::npos ? "" : change.substr(equals + 1);
  if (mutation != "kib") return mutate(base, mutation, argument);
  const std::size_t kib = number(base + "?kib", argument);
  if (kib < kKibMin || kib > kKibMax) {
    throw bad_name(name, "an image has 4 to 1024 KiB");
  }
  return build(base, kib * 1024);
}

Bytes ImageLibrary::build(const std::string& name, std::size_t size) {
  const auto slash = name.find('/');
  if (slash == std::string::npos) {
    throw bad_name(name, "expected <board>/<version>, as in 6000i-A/2.4.0");
  }
  const BoardFile& b = board(name.substr(0, slash));
  std::string version_text = name.substr(slash + 1);
  auto behaviour = std::optional(twin::Behaviour::good);
  if (const auto plus = version_text.find('+'); plus != std::string::npos) {
    behaviour = twin::behaviour_from(version_text.substr(plus + 1));
    if (!behaviour) {
      throw bad_name(name,
                     "no such behaviour; there are good, crash-at-start, "
                     "hang-at-start, no-network");
    }
    version_text.resize(plus);
  }
  const auto version = image::Version::parse(version_text);
  if (!version) throw bad_name(name, "\"" + version_text + "\" is no version");
  image::Recipe recipe;
  recipe.version = *version;
  recipe.identity.vendor = b.model.vendor;
  recipe.identity.device_class = b.model.device_class;
  recipe.identity.hardware_mask = 1u << (b.model.revision - 'A');
  // Each minor release of this product family raises the counter.
  recipe.identity.security_counter = version->major * 100u + version->minor;
  recipe.body = twin::make_body({b.model.name, version_text, *behaviour},
                                size - image::overhead());
  return image::create(recipe, key("release"));
}

Bytes ImageLibrary::mutate(const std::string& base, const std::string& mutation,
                           const std::string& argument) {
  const std::string name = base + "?" + mutation;
  const auto what = image::mutation_named(mutation);
  if (!what) {
    std::string known;
    for (const auto each : image::all_mutations()) {
      known += " " + std::string(image::to_string(each));
    }
    throw bad_name(name, "no such mutation; there are" + known);
  }
  const auto original = get(base);
  image::MutationInputs inputs;
  image::SigningKey signer = key(
      *what == image::Mutation::wrong_key && !argument.empty() ? argument : "release");
  inputs.key = &signer;
  std::shared_ptr<const Bytes> other;
  switch (*what) {
    case image::Mutation::truncate:
    case image::Mutation::flip_bit:
    case image::Mutation::append:
    case image::Mutation::oversize:
      inputs.number = number(name, argument);
      break;
    case image::Mutation::other_body:
      other = get(argument);
      inputs.other = *other;
      break;
    case image::Mutation::patch_identity:
    case image::Mutation::early_identity:
      inputs.identity = image::recipe_of(*original).identity;
      inputs.identity.vendor = board(argument).model.vendor;
      inputs.identity.device_class = board(argument).model.device_class;
      inputs.identity.hardware_mask = 1u << (board(argument).model.revision - 'A');
      break;
    case image::Mutation::downgrade: {
      const auto version = image::Version::parse(argument);
      if (!version)
        throw bad_name(name, "expected a version, as in " + name + "=2.2.0");
      inputs.version = *version;
      inputs.identity.security_counter = version->major * 100u + version->minor;
      break;
    }
    default:
      break;
  }
  return image::mutate(*original, *what, inputs);
}

}  // namespace lockrig::bench
