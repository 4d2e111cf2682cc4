// Two threads of one process against two processes of one thread: the same trials, in
// turn, by the wall's clock. What worlds share, a lock or an allocator, shows here.
#pragma once

#include <string>

namespace lockrig {

/// What the processes of the comparison run: `--work KIND FIRST THREADS`, where KIND is
/// whole or forked. Says a byte when it is ready, begins at one, says one at its end.
inline constexpr const char* kWork = "--work";
int work(int argc, char** argv);

/// How fast two threads are, in parts of two processes: the median of some pairs.
double threads_over_processes(const std::string& kind);

}  // namespace lockrig
