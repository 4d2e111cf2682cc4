#include "rig/protocol/ymodem.hpp"

namespace lockrig::ymodem {

const char* to_string(Protocol protocol) {
  return protocol == Protocol::ymodem ? "YMODEM" : "XMODEM-1K";
}

const char* to_string(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::not_asked:
      return "the receiver did not ask for a block";
    case Reason::no_answer:
      return "no answer";
    case Reason::too_many_errors:
      return "a block failed too often";
    case Reason::cancelled:
      return "the other end cancelled";
    case Reason::abandoned:
      return "abandoned";
    case Reason::out_of_step:
      return "block numbers do not agree";
    case Reason::malformed:
      return "block 0 cannot be read";
    case Reason::too_big:
      return "too big";
    case Reason::too_short:
      return "shorter than announced";
    case Reason::no_file:
      return "no file in the batch";
    case Reason::another_file:
      return "another file in the batch";
  }
  return "unknown";
}

}  // namespace lockrig::ymodem
