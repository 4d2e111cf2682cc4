// lockrig_guard: stands in for a rig that died. The rig starts it, one per station.
#include "rig/io/guard_device.hpp"

int main(int argc, char** argv) {
  return lockrig::io::run_guard({argv + 1, argv + argc},
                                lockrig::io::open_guard_device);
}
