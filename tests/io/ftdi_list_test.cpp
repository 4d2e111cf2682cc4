#include "rig/io/ftdi_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "rig/io/ftdi_handle.hpp"

namespace lockrig::io {
namespace {

TEST(FtdiList, has_ftdi_devices_only_in_the_order_of_their_sockets) {
  const FtdiList list = list_ftdi();
  EXPECT_TRUE(list.trouble.empty() || list.devices.empty());
  for (const FtdiDevice& device : list.devices) {
    EXPECT_EQ(device.vendor_id, mpsse::kFtdiVendorId);
  }
  EXPECT_TRUE(std::is_sorted(
      list.devices.begin(), list.devices.end(),
      [](const FtdiDevice& a, const FtdiDevice& b) { return a.path < b.path; }));
}

TEST(FtdiHandle, says_which_devices_are_there_when_one_is_not) {
  const auto handle = make_ftdi_handle();
  try {
    handle->open(mpsse::kFt2232h, "no such serial number", 0);
    FAIL() << "opened";
  } catch (const UsbError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("not found; FTDI devices on USB: "));
    EXPECT_FALSE(error.vanished());
  }
  handle->close();
}

}  // namespace
}  // namespace lockrig::io
