// The image upload request (group 1, id 1) without nlohmann-json, because a trial sends
// 64 KiB twice: nlohmann-json takes 2.9 to 4.5 us to read 2 KB of CBOR bytes (one byte
// at a time; measured with 3.11.2, GCC 12, -O3), this 0.06 us and no copy.
#pragma once

#include <cstdint>
#include <optional>

#include "rig/core/units.hpp"
#include "rig/protocol/smp_header.hpp"

namespace lockrig::smp {

/// Only `off` and `data` are meant for offsets above 0 (Zephyr, smp_group_1.rst).
/// `data` and `sha` are views: of the caller's bytes, or of the decoded message.
struct UploadRequest {
  std::uint32_t off = 0;
  ByteView data;
  std::optional<std::uint32_t> len;
  std::optional<std::uint8_t> image;
  ByteView sha;  ///< empty: absent
  bool upgrade = false;
};

/// The same bytes as encode() gives for a body of these fields. Throws
/// std::invalid_argument if the body would exceed 65535 bytes.
Bytes encode_upload(std::uint8_t sequence, const UploadRequest& request,
                    std::uint8_t version = kSmpV2);

/// nullopt if `message` is not a well-formed upload request, a field has the wrong type
/// or does not fit, or `off` or `data` is missing. Unknown fields are skipped; of a
/// field given twice the last counts. A `data` of indefinite length is refused: no
/// known client sends one.
std::optional<UploadRequest> decode_upload(ByteView message);

}  // namespace lockrig::smp
