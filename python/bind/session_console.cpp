#include <pybind11/stl.h>

#include "rig/lock/text_client.hpp"
#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

lock::TextClient& text_client(Session& s) {
  auto* const client = dynamic_cast<lock::TextClient*>(s.rig->client());
  if (client == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has no text console (profile, in its bench file)");
  }
  return *client;
}

/// {"answer": ..., "failure": null}, or the other way round.
template <typename T>
json outcome(const lock::Reply<T>& reply) {
  if (const auto* failure = std::get_if<lock::Failure>(&reply)) {
    return {{"answer", json()}, {"failure", failure->what}};
  }
  return {{"answer", std::get<T>(reply)}, {"failure", json()}};
}

}  // namespace

void bind_session_console(py::class_<Session>& c) {
  c.def(
       "console_command",
       [](Session& s, const std::string& text, double within) {
         lock::TextClient& client = text_client(s);
         return to_python(call(s, [&]() -> Task<json> {
           const auto reply = co_await client.command(text, from_seconds(within));
           co_return outcome(reply);
         }));
       },
       py::arg("text"), py::arg("within"),
       "Types a command: what it printed up to the prompt as `answer`, or `failure`.")
      .def(
          "console_ask",
          [](Session& s, const std::string& name) {
            lock::TextClient& client = text_client(s);
            return to_python(call(s, [&]() -> Task<json> {
              const auto reply = co_await client.ask(name);
              co_return outcome(reply);
            }));
          },
          py::arg("name"),
          "A command of the profile: the groups of its answer as `answer`, or "
          "`failure`.")
      .def(
          "console_type",
          [](Session& s, const std::string& text) {
            lock::TextClient& client = text_client(s);
            perform(s, [&]() -> Task<void> { co_await client.console().type(text); });
          },
          py::arg("text"), "Types it, without a line's end.")
      .def(
          "console_expect",
          [](Session& s, const std::string& pattern, double within) {
            lock::TextClient& client = text_client(s);
            const lock::Pattern wanted(pattern);
            return to_python(call(s, [&]() -> Task<json> {
              const Instant until = s.world().now() + from_seconds(within);
              const auto found = co_await client.console().expect(wanted, until);
              co_return found ? json(found->match.groups) : json();
            }));
          },
          py::arg("pattern"), py::arg("within"),
          "Waits for a match in what comes: its named groups; None if it never came.");
}

}  // namespace lockrig::bind
