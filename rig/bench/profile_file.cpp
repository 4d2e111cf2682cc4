#include "rig/bench/profile_file.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "rig/bench/toml_file.hpp"

namespace lockrig::bench {
namespace {

using lock::Pattern;
using lock::TextProfile;

/// A console that says nothing for so long has said what it will.
constexpr Duration kAnswerLimit = 5s;
/// An image is checked, and its slot perhaps erased: 18 sectors of 0.4 s at most
/// (protocols.md, "NOR flash").
constexpr Duration kUpdateLimit = 10s;

Pattern read_pattern(const TomlFile& file, const std::string& key) {
  const std::string text = file.text(key);
  try {
    return Pattern(text);
  } catch (const std::invalid_argument& mistake) {
    file.reject(key, mistake.what());
  }
}

std::optional<Pattern> read_pattern_if(const TomlFile& file, const std::string& key) {
  if (!file.has(key)) return std::nullopt;
  return read_pattern(file, key);
}

std::string text_or(const TomlFile& file, const std::string& key,
                    const std::string& otherwise) {
  return file.has(key) ? file.text(key) : otherwise;
}

Duration limit_or(const TomlFile& file, const std::string& key, Duration otherwise) {
  return file.has(key) ? file.duration(key) : otherwise;
}

std::vector<TextProfile::Step> read_login(const TomlFile& file) {
  std::vector<TextProfile::Step> steps;
  if (!file.has("login")) return steps;
  for (std::size_t i = 0;; ++i) {
    const std::string key = fmt::format("login[{}]", i);
    if (!file.has(key)) break;
    file.allow(key, {"expect", "send"});
    steps.push_back(
        {read_pattern(file, key + ".expect"), text_or(file, key + ".send", "")});
  }
  if (steps.empty())
    file.reject("login",
                "expected tables with expect, and send where something is typed");
  return steps;
}

std::map<std::string, TextProfile::Command> read_commands(const TomlFile& file,
                                                          Duration limit) {
  std::map<std::string, TextProfile::Command> commands;
  if (!file.has("commands")) return commands;
  for (const std::string& name : file.names("commands")) {
    const std::string key = join_key("commands", name);
    file.allow(key, {"send", "answer", "limit_s"});
    commands.emplace(name,
                     TextProfile::Command{file.text(key + ".send"),
                                          read_pattern(file, key + ".answer"),
                                          limit_or(file, key + ".limit_s", limit)});
  }
  const auto version = commands.find("version");
  if (version != commands.end() && !version->second.answer.has_group("version")) {
    file.reject("commands.version.answer", "has no group (?<version>...)");
  }
  return commands;
}

std::optional<TextProfile::Update> read_update(const TomlFile& file,
                                               const std::string& table) {
  if (!file.has(table)) return std::nullopt;
  file.allow(table,
             {"send", "protocol", "name", "accepted", "refused", "then", "limit_s"});
  TextProfile::Update update;
  update.send = text_or(file, table + ".send", "");
  const std::string protocol = file.text(table + ".protocol");
  if (protocol != "ymodem" && protocol != "xmodem_1k") {
    file.reject(table + ".protocol",
                "'" + protocol + "' is neither ymodem nor xmodem_1k");
  }
  update.protocol =
      protocol == "ymodem" ? ymodem::Protocol::ymodem : ymodem::Protocol::xmodem_1k;
  update.name = text_or(file, table + ".name", "image.bin");
  update.accepted = read_pattern_if(file, table + ".accepted");
  update.refused = read_pattern_if(file, table + ".refused");
  update.then = text_or(file, table + ".then", "");
  update.limit = limit_or(file, table + ".limit_s", kUpdateLimit);
  return update;
}

}  // namespace

TextProfile load_profile(const std::filesystem::path& path) {
  const TomlFile file(path);
  file.allow("", {"prompt", "line_end", "booted", "opened", "answer_limit_s", "login",
                  "commands", "update", "recovery"});
  const Duration limit = limit_or(file, "answer_limit_s", kAnswerLimit);
  return {.file = file.path(),
          .prompt = read_pattern(file, "prompt"),
          .line_end = text_or(file, "line_end", "\r"),
          .login = read_login(file),
          .booted = read_pattern(file, "booted"),
          .opened = read_pattern_if(file, "opened"),
          .commands = read_commands(file, limit),
          .update = read_update(file, "update"),
          .recovery = read_update(file, "recovery")};
}

}  // namespace lockrig::bench
