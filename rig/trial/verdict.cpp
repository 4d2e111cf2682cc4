#include "rig/trial/verdict.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lockrig::trial {
namespace {

constexpr std::array kVerdicts = {Verdict::recovered, Verdict::recovered_late,
                                  Verdict::degraded,  Verdict::bricked,
                                  Verdict::unsafe,    Verdict::inconclusive};

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::recovered:
      return "recovered";
    case Verdict::recovered_late:
      return "recovered_late";
    case Verdict::degraded:
      return "degraded";
    case Verdict::bricked:
      return "bricked";
    case Verdict::unsafe:
      return "unsafe";
    case Verdict::inconclusive:
      return "inconclusive";
  }
  throw std::invalid_argument("not a verdict");
}

std::optional<Verdict> verdict_from(std::string_view name) {
  for (const Verdict verdict : kVerdicts) {
    if (name == to_string(verdict)) return verdict;
  }
  return std::nullopt;
}

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::failed:
      return "failed";
    case Outcome::not_asked:
      return "not_asked";
    case Outcome::could_not_look:
      return "could_not_look";
  }
  throw std::invalid_argument("not an outcome");
}

Verdict judge(const std::vector<Answer>& answers) {
  std::optional<Verdict> worst;
  bool answered = false;
  bool looked = true;
  for (const Answer& answer : answers) {
    switch (answer.outcome) {
      case Outcome::ok:
        answered = true;
        break;
      case Outcome::failed:
        worst = std::max(worst.value_or(answer.harm), answer.harm);
        break;
      case Outcome::not_asked:
        break;
      case Outcome::could_not_look:
        looked = false;
        break;
    }
  }
  if (worst) return *worst;
  return answered && looked ? Verdict::recovered : Verdict::inconclusive;
}

std::vector<std::string> lost(const std::vector<Answer>& answers) {
  std::vector<std::string> questions;
  for (const Answer& answer : answers) {
    if (answer.outcome == Outcome::failed) questions.push_back(answer.question);
  }
  return questions;
}

}  // namespace lockrig::trial
