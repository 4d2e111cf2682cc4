// One virtual board whose service port any SMP client can talk to.
#pragma once

#include <string>
#include <vector>

namespace lockrig::rehearsal {

/// `--model M --revision R --pty PATH [--speed BAUD] [--boards DIR]`: the board is
/// powered, fresh from the factory, and PATH leads to its service port until SIGINT or
/// SIGTERM. The boards' folder is fixtures/boards unless told otherwise. Nobody answers
/// its check-ins. Its service port demands no key, which only this rig's client knows
/// how to show. std::invalid_argument for a mistake; a PATH that is there already is
/// one.
int serve_single_twin(const std::vector<std::string>& arguments);

}  // namespace lockrig::rehearsal
