// The part of a bench file that says which program a board is.
#pragma once

#include "rig/bench/bench_file.hpp"
#include "rig/bench/toml_file.hpp"

namespace lockrig::bench {

/// [stations.P1.program]. BadInput for every mistake. Paths count from the bench file.
ProgramEntry read_program(const TomlFile& file, const std::string& key);

}  // namespace lockrig::bench
