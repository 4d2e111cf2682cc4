// A whole trace as JSON lines: what the journal keeps of a trial that failed.
#pragma once

#include <string>

#include "rig/core/trace.hpp"

namespace lockrig::journal {

/// One line an event, in their order, times in nanoseconds of the world:
///   {"at_ns":5,"channel":"bolt_extended","level":true}
///   {"at_ns":5,"byte_ns":86806,"bytes":"0609...","channel":"console"}
///   {"at_ns":5,"channel":"phase","note":"swap"}
/// Empty unless the trace was told to keep its events.
std::string trace_lines(const Trace& trace);

}  // namespace lockrig::journal
