// What a lock holds against an image's digest, signature and key: asked in one place by
// the firmware that takes it and by the boot loader that runs it.
#pragma once

#include "rig/protocol/image.hpp"
#include "rig/twin/defects.hpp"
#include "rig/twin/lock_model.hpp"

namespace lockrig::twin {

/// For another model, or another hardware revision of this one.
enum class Misfit { none, model, revision };

Misfit misfit_of(const image::Identity& identity, const LockModel& model,
                 const Defects& defects);

image::Fault fault_of(const image::Parsed& image, const LockModel& model,
                      const Defects& defects);

}  // namespace lockrig::twin
