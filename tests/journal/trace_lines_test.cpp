#include "rig/journal/trace_lines.hpp"

#include <gtest/gtest.h>

namespace lockrig::journal {
namespace {

TEST(TraceLines, say_each_event_on_a_line) {
  Trace trace;
  trace.keep_events();
  const std::uint8_t data[] = {0x06, 0x09, 0xff};
  trace.edge(trace.channel("bolt_extended"), Instant(5ns), true);
  trace.bytes(trace.channel("console"), Instant(7ns), Duration(86806), data);
  trace.note(trace.channel("phase"), Instant(1s), "swap\n\"x\" \xff");
  EXPECT_EQ(
      trace_lines(trace),
      "{\"at_ns\":5,\"channel\":\"bolt_extended\",\"level\":true}\n"
      "{\"at_ns\":7,\"byte_ns\":86806,\"bytes\":\"0609ff\",\"channel\":\"console\"}\n"
      "{\"at_ns\":1000000000,\"channel\":\"phase\","
      "\"note\":\"swap\\n\\\"x\\\" \xef\xbf\xbd\"}\n");
}

TEST(TraceLines, of_a_trace_that_kept_only_its_hash_are_none) {
  Trace trace;
  trace.edge(trace.channel("rail"), Instant(5ns), true);
  EXPECT_EQ(trace_lines(trace), "");
}

}  // namespace
}  // namespace lockrig::journal
