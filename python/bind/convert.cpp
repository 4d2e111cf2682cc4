#include <stdexcept>

#include "bind.hpp"
#include "rig/journal/record_json.hpp"

namespace lockrig::bind {

using nlohmann::json;

py::object to_python(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
    case json::value_t::discarded:
      return py::none();
    case json::value_t::boolean:
      return py::bool_(value.get<bool>());
    case json::value_t::number_integer:
      return py::int_(value.get<std::int64_t>());
    case json::value_t::number_unsigned:
      return py::int_(value.get<std::uint64_t>());
    case json::value_t::number_float:
      return py::float_(value.get<double>());
    case json::value_t::string:
      return py::str(value.get_ref<const std::string&>());
    case json::value_t::binary: {
      const auto& bytes = value.get_binary();
      return from_bytes(ByteView(bytes.data(), bytes.size()));
    }
    case json::value_t::array: {
      py::list list;
      for (const json& each : value) list.append(to_python(each));
      return list;
    }
    case json::value_t::object: {
      py::dict dict;
      for (const auto& [key, each] : value.items())
        dict[py::str(key)] = to_python(each);
      return dict;
    }
  }
  return py::none();
}

json to_json(const trial::TrialRecord& record) {
  return {{"id", record.id},
          {"spec", trial::to_json(record.spec)},
          {"verdict", trial::to_string(record.verdict)},
          {"lost", trial::lost(record.answers)},
          {"answers", json::parse(journal::answers_text(record.answers))},
          {"cuts", json::parse(journal::cuts_text(record.cuts))},
          {"phase", record.phase},
          {"operation", record.operation},
          {"note", record.note},
          {"observed", record.observed},
          {"trace_hash", record.trace_hash},
          {"simulated_s", record.simulated_s},
          {"forked", record.forked},
          {"checked", record.checked},
          {"consulted", record.consulted}};
}

trial::TrialRecord record_from_json(const json& value) {
  try {
    trial::TrialRecord record;
    record.id = value.at("id");
    record.spec = trial::spec_from_json(value.at("spec"));
    const auto verdict = trial::verdict_from(value.at("verdict").get<std::string>());
    if (!verdict) throw std::invalid_argument("a record's verdict is none of the six");
    record.verdict = *verdict;
    record.answers = journal::answers_from(value.at("answers").dump());
    record.cuts = journal::cuts_from(value.at("cuts").dump());
    record.phase = value.at("phase");
    record.operation = value.at("operation");
    record.note = value.at("note");
    record.observed = value.at("observed");
    record.trace_hash = value.at("trace_hash");
    record.simulated_s = value.at("simulated_s");
    record.forked = value.at("forked");
    record.checked = value.at("checked");
    return record;
  } catch (const json::exception& error) {
    throw std::invalid_argument(std::string("not a trial's record: ") + error.what());
  }
}

}  // namespace lockrig::bind
