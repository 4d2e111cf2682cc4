#include "rig/trial/spec.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rig/core/random.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::trial {
namespace {

using Json = nlohmann::json;

// The names are part of every identifier: changing one renames every trial.
template <typename Value>
using Names = std::span<const std::pair<Value, std::string_view>>;

constexpr std::pair<Path, std::string_view> kPaths[] = {{Path::serial, "serial"},
                                                        {Path::portal, "portal"}};
constexpr std::pair<Cut::Trigger, std::string_view> kTriggers[] = {
    {Cut::Trigger::flash_op, "flash_op"}, {Cut::Trigger::bytes, "bytes"},
    {Cut::Trigger::frames, "frames"},     {Cut::Trigger::console, "console"},
    {Cut::Trigger::event, "event"},       {Cut::Trigger::pin, "pin"}};
constexpr std::pair<Cut::Style, std::string_view> kStyles[] = {
    {Cut::Style::hard, "hard"},
    {Cut::Style::pull, "pull"},
    {Cut::Style::chatter, "chatter"},
    {Cut::Style::dip, "dip"}};
constexpr std::pair<Stimulus, std::string_view> kStimuli[] = {
    {Stimulus::none, "none"},
    {Stimulus::push, "push"},
    {Stimulus::change_code, "change_code"},
    {Stimulus::unlock, "unlock"},
    {Stimulus::lock, "lock"},
    {Stimulus::sync, "sync"},
    {Stimulus::change_programming_code, "change_programming_code"},
    {Stimulus::recover, "recover"},
    {Stimulus::factory_reset, "factory_reset"}};
constexpr std::pair<Sham, std::string_view> kShams[] = {
    {Sham::none, ""},
    {Sham::power, "power"},
    {Sham::portal, "portal"},
    {Sham::code, "code"},
    {Sham::bolt_sensor, "bolt_sensor"},
    {Sham::cut, "cut"}};

template <typename Value>
std::string_view name_of(Value value, std::type_identity_t<Names<Value>> names) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  throw std::invalid_argument("trial spec: an enumerator without a name");
}

[[noreturn]] void refuse(const std::string& key, const std::string& what) {
  throw std::invalid_argument("trial spec: " + key + ": " + what);
}

// Reads the members of one object; `end` refuses those that nobody asked for. A member
// that is absent leaves the default in place.
class Reader {
 public:
  Reader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json.is_object()) refuse(path_.empty() ? "(whole)" : path_, "not an object");
  }

  void require(const char* key) const {
    if (!json_.contains(key)) refuse(full(key), "missing");
  }

  void get(const char* key, std::string& out) {
    if (const Json* value = find(key)) out = text(*value, full(key));
  }

  void get(const char* key, std::uint64_t& out) {
    if (const Json* value = find(key)) out = whole(*value, full(key));
  }

  void get(const char* key, Duration& out) {
    const Json* value = find(key);
    if (!value) return;
    const std::uint64_t ns = whole(*value, full(key));
    if (ns > static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max())) {
      refuse(full(key), "too long");
    }
    out = Duration(static_cast<Duration::rep>(ns));
  }

  void get_fraction(const char* key, double& out) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_number()) refuse(full(key), "not a number");
    out = value->get<double>();
    if (!(out >= 0 && out <= 1)) refuse(full(key), "not between 0 and 1");
  }

  void get(const char* key, std::vector<std::string>& out) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_array()) refuse(full(key), "not a list");
    out.clear();
    for (const Json& each : *value) out.push_back(text(each, full(key)));
  }

  template <typename Value>
  void get(const char* key, Value& out, std::type_identity_t<Names<Value>> names) {
    const Json* value = find(key);
    if (!value) return;
    const std::string name = text(*value, full(key));
    for (const auto& [each, its_name] : names) {
      if (name == its_name) {
        out = each;
        return;
      }
    }
    refuse(full(key), "unknown value \"" + name + "\"");
  }

  const Json* find(const char* key) {
    known_.push_back(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  std::string full(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  void end() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        refuse(full(key), "unknown key");
      }
    }
  }

 private:
  static std::string text(const Json& value, const std::string& key) {
    if (!value.is_string()) refuse(key, "not a text");
    return value.get<std::string>();
  }

  static std::uint64_t whole(const Json& value, const std::string& key) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    if (value.is_number_integer() && value.get<std::int64_t>() >= 0) {
      return value.get<std::uint64_t>();
    }
    refuse(key, "not a whole number of 0 or more");
  }

  const Json& json_;
  std::string path_;
  std::vector<std::string_view> known_;
};

Json to_json(const Cut& cut) {
  Json json = {
      {"trigger", name_of(cut.trigger, kTriggers)},
      {"at", cut.at},
      {"fraction", cut.fraction + 0.0},  // -0 equals 0 and must hash as it does
      {"event", cut.event},
      {"delay_ns", cut.delay.count()},
      {"off_ns", cut.off.count()},
      {"style", name_of(cut.style, kStyles)}};
  if (cut.bounces > 0) {
    json["bounces"] = cut.bounces;
    json["bounce_ns"] = cut.bounce.count();
  }
  return json;
}

Cut cut_from(const Json& json, const std::string& path) {
  Cut cut;
  Reader reader(json, path);
  reader.get("trigger", cut.trigger, kTriggers);
  reader.get("at", cut.at);
  reader.get_fraction("fraction", cut.fraction);
  reader.get("event", cut.event);
  reader.get("delay_ns", cut.delay);
  reader.get("off_ns", cut.off);
  reader.get("style", cut.style, kStyles);
  reader.get("bounces", cut.bounces);
  reader.get("bounce_ns", cut.bounce);
  reader.end();
  return cut;
}

}  // namespace

Json to_json(const TrialSpec& spec) {
  Json cuts = Json::array();
  for (const Cut& cut : spec.cuts) cuts.push_back(to_json(cut));
  // Not from a list in braces, which copies every value twice: this is hashed for each
  // trial of a sweep.
  Json json = Json::object();
  json["station"] = spec.station;
  json["board"] = spec.board;
  json["defects"] = spec.defects;
  json["stimulus"] = name_of(spec.stimulus, kStimuli);
  json["image"] = spec.image;
  json["path"] = name_of(spec.path, kPaths);
  json["cuts"] = std::move(cuts);
  json["portal_down_ns"] = spec.portal_down.count();
  json["unplugged"] = spec.unplugged;
  json["blind"] = spec.blind;
  json["counts_from"] = spec.counts_from;
  json["seed"] = spec.seed;
  if (spec.sham != Sham::none) json["sham"] = name_of(spec.sham, kShams);
  if (spec.repeat > 0) json["repeat"] = spec.repeat;
  return json;
}

TrialSpec spec_from_json(const Json& json) {
  TrialSpec spec;
  Reader reader(json, "");
  reader.require("station");
  reader.require("board");
  reader.get("station", spec.station);
  reader.get("board", spec.board);
  reader.get("defects", spec.defects);
  reader.get("stimulus", spec.stimulus, kStimuli);
  reader.get("image", spec.image);
  reader.get("path", spec.path, kPaths);
  if (const Json* cuts = reader.find("cuts")) {
    if (!cuts->is_array()) refuse("cuts", "not a list");
    for (std::size_t i = 0; i < cuts->size(); ++i) {
      spec.cuts.push_back(cut_from((*cuts)[i], "cuts[" + std::to_string(i) + "]"));
    }
  }
  reader.get("portal_down_ns", spec.portal_down);
  reader.get("unplugged", spec.unplugged);
  reader.get("blind", spec.blind);
  reader.get("counts_from", spec.counts_from);
  reader.get("seed", spec.seed);
  reader.get("sham", spec.sham, kShams);
  reader.get("repeat", spec.repeat);
  reader.end();
  return spec;
}

std::string identifier(const TrialSpec& spec) {
  const std::string canonical = to_json(spec).dump();
  const image::Digest digest = image::sha256(
      {reinterpret_cast<const std::uint8_t*>(canonical.data()), canonical.size()});
  std::string hex;
  for (std::size_t i = 0; i < 6; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

std::string golden_identifier(const TrialSpec& spec) {
  if (spec.defects.empty()) return identifier(spec);
  TrialSpec golden = spec;
  golden.defects.clear();
  return identifier(golden);
}

std::uint64_t trial_seed(const TrialSpec& spec) {
  return mix(spec.seed, golden_identifier(spec));
}

std::uint64_t trial_seed(const TrialSpec& spec, const std::string& identifier) {
  return spec.defects.empty() ? mix(spec.seed, identifier) : trial_seed(spec);
}

}  // namespace lockrig::trial
