#include "rig/program/state_folder.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lockrig::program {

namespace fs = std::filesystem;

std::shared_ptr<const Files> read_state(const fs::path& folder) {
  auto files = std::make_shared<Files>();
  std::uintmax_t total = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    if (entry.is_directory() && !entry.is_symlink()) files->folders.insert(name);
    if (!entry.is_regular_file()) continue;
    total += entry.file_size();
    if (total > kMostStateBytes) {
      throw std::runtime_error(folder.string() + ": more than " +
                               std::to_string(kMostStateBytes >> 20) +
                               " MiB are too much to be put back for each trial");
    }
    std::ifstream in(entry.path(), std::ios::binary);
    Bytes& bytes = files->content[name];
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    if (in.bad() || !in.is_open()) {
      throw std::runtime_error(entry.path().string() + ": cannot be read");
    }
    const fs::perms may = entry.status().permissions();
    if ((may & fs::perms::owner_exec) != fs::perms::none) files->programs.insert(name);
  }
  return files;
}

void write_state(const fs::path& folder, const Files& files) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const std::string& name : files.folders) fs::create_directories(folder / name);
  for (const auto& [name, bytes] : files.content) {
    const fs::path path = folder / name;
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error(path.string() + ": cannot be written");
    if (files.programs.contains(name)) {
      fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add);
    }
  }
}

}  // namespace lockrig::program
