// A sweep as Python asks for it.
#pragma once

#include <pybind11/functional.h>

#include <optional>

#include "bind.hpp"
#include "rig/journal/journal.hpp"
#include "session.hpp"

namespace lockrig::bind {

/// Done and total trials; False ends the sweep in good order.
using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

py::object run_sweep(Lab& lab, const std::string& spec_json, const py::dict& plan_dict,
                     unsigned workers, journal::Journal* journal,
                     const std::string& case_id, const std::string& purpose_name,
                     const std::optional<Progress>& progress, bool recall);

}  // namespace lockrig::bind
