#include "rig/journal/record_json.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace lockrig::journal {
namespace {

using Json = nlohmann::json;
using trial::Answer;
using trial::CutEvidence;
using trial::Outcome;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void put(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

void put(Json& json, const char* key, const std::optional<double>& value) {
  if (value) json[key] = *value;
}

std::optional<double> number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text(const Json& json, const char* key) {
  return json.value(key, std::string());
}

Outcome outcome_from(const std::string& name) {
  for (const Outcome each :
       {Outcome::ok, Outcome::failed, Outcome::not_asked, Outcome::could_not_look}) {
    if (name == to_string(each)) return each;
  }
  throw std::runtime_error("journal: unknown outcome \"" + name + "\"");
}

trial::Verdict harm_from(const std::string& name) {
  const auto verdict = trial::verdict_from(name);
  if (!verdict) throw std::runtime_error("journal: unknown verdict \"" + name + "\"");
  return *verdict;
}

template <typename Item, typename Convert>
std::vector<Item> list_from(const std::string& source, Convert convert) {
  std::vector<Item> items;
  try {
    for (const Json& each : Json::parse(source)) items.push_back(convert(each));
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("journal: ") + error.what());
  }
  return items;
}

}  // namespace

std::string answers_text(const std::vector<Answer>& answers) {
  Json list = Json::array();
  for (const Answer& answer : answers) {
    Json json = {{"question", answer.question},
                 {"outcome", to_string(answer.outcome)},
                 {"harm", to_string(answer.harm)}};
    put(json, "measured", answer.measured);
    put(json, "limit", answer.limit);
    put(json, "unit", answer.unit);
    put(json, "detail", answer.detail);
    list.push_back(std::move(json));
  }
  return dump(list);
}

std::string cuts_text(const std::vector<CutEvidence>& cuts) {
  Json list = Json::array();
  for (const CutEvidence& cut : cuts) {
    Json json = {{"requested", cut.requested}, {"proven", cut.proven}};
    put(json, "achieved_s", cut.achieved_s);
    put(json, "off_s", cut.off_s);
    put(json, "reset", cut.reset);
    if (cut.by_chip) json["by_chip"] = true;
    list.push_back(std::move(json));
  }
  return dump(list);
}

std::vector<Answer> answers_from(const std::string& source) {
  return list_from<Answer>(source, [](const Json& json) {
    return Answer{.question = text(json, "question"),
                  .outcome = outcome_from(text(json, "outcome")),
                  .harm = harm_from(text(json, "harm")),
                  .measured = number(json, "measured"),
                  .limit = number(json, "limit"),
                  .unit = text(json, "unit"),
                  .detail = text(json, "detail")};
  });
}

std::vector<CutEvidence> cuts_from(const std::string& source) {
  return list_from<CutEvidence>(source, [](const Json& json) {
    return CutEvidence{.requested = text(json, "requested"),
                       .achieved_s = number(json, "achieved_s"),
                       .off_s = number(json, "off_s"),
                       .reset = text(json, "reset"),
                       .proven = json.value("proven", false),
                       .by_chip = json.value("by_chip", false)};
  });
}

}  // namespace lockrig::journal
