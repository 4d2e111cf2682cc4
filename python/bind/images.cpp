#include <pybind11/stl.h>

#include "bind.hpp"
#include "rig/protocol/image.hpp"
#include "rig/protocol/image_layout.hpp"
#include "rig/protocol/image_mutate.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

std::string hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

json describe(ByteView file) {
  const auto parsed = image::parse(file);
  if (const auto* fault = std::get_if<image::Fault>(&parsed)) {
    json out = {{"fault", image::to_string(*fault)}, {"file_size", file.size()}};
    if (const auto header = image::parse_header(file)) {
      out["version"] = header->version.to_string();
    }
    return out;
  }
  const auto& image = std::get<image::Parsed>(parsed);
  json tlvs = json::array();
  for (const image::TlvView& tlv : image.tlvs) {
    tlvs.push_back({{"type", tlv.type},
                    {"protected", tlv.is_protected},
                    {"length", tlv.value.size()},
                    {"value", hex(tlv.value)}});
  }
  return {{"fault", "none"},
          {"file_size", file.size()},
          {"total_size", image.total_size},
          {"version", image.header.version.to_string()},
          {"header_size", image.header.header_size},
          {"body_size", image.header.body_size},
          {"flags", image.header.flags},
          {"load_address", image.header.load_address},
          {"vendor", image.identity.vendor.to_string()},
          {"device_class", image.identity.device_class.to_string()},
          {"hardware_mask", image.identity.hardware_mask},
          {"security_counter", image.identity.security_counter},
          {"digest", hex(image.digest)},
          {"signed", !image.signature.empty()},
          {"tlvs", tlvs}};
}

template <typename T>
T wanted(std::optional<T> value, const std::string& what) {
  if (!value) throw std::invalid_argument(what);
  return *value;
}

Bytes mutate(const Bytes& file, const std::string& name, const py::dict& arguments) {
  const auto mutation =
      wanted(image::mutation_named(name), "no mutation named " + name);
  const auto text = [&](const char* key) {
    return arguments.contains(key) ? arguments[key].cast<std::string>() : std::string();
  };
  image::MutationInputs inputs;
  if (arguments.contains("number")) {
    inputs.number = arguments["number"].cast<std::size_t>();
  }
  Bytes other;
  if (arguments.contains("other")) {
    other = to_bytes(arguments["other"].cast<py::bytes>());
    inputs.other = other;
  }
  if (!text("version").empty()) {
    inputs.version = wanted(image::Version::parse(text("version")),
                            "\"" + text("version") + "\" is no version");
  }
  const auto parsed = image::parse(file);
  if (const auto* good = std::get_if<image::Parsed>(&parsed)) {
    inputs.identity = good->identity;
  }
  if (!text("device_class").empty()) {
    inputs.identity.device_class =
        wanted(image::Uuid::parse(text("device_class")), "device_class is no UUID");
  }
  if (arguments.contains("security_counter")) {
    inputs.identity.security_counter =
        arguments["security_counter"].cast<std::uint32_t>();
  }
  std::optional<image::SigningKey> key;
  if (!text("key").empty()) key = image::SigningKey::from_pem_file(text("key"));
  inputs.key = key ? &*key : nullptr;
  return image::mutate(file, mutation, inputs);
}

}  // namespace

void bind_images(py::module_& m) {
  m.def(
      "image_show",
      [](const py::bytes& file) { return to_python(describe(to_bytes(file))); },
      py::arg("file"),
      "What an image says of itself; \"fault\" where it is malformed.");
  m.def(
      "image_verify",
      [](const py::bytes& file, const std::string& pem) {
        const auto key = image::PublicKey::from_pem_file(pem);
        return std::string(image::to_string(image::verify(to_bytes(file), {key})));
      },
      py::arg("file"), py::arg("pem_path"),
      "\"none\" for an image that is whole and signed by that key, else what is "
      "wrong.");
  m.def(
      "image_mutations",
      [] {
        std::vector<std::string> names;
        for (const auto each : image::all_mutations()) {
          names.emplace_back(image::to_string(each));
        }
        return names;
      },
      "The names that image_mutate() takes.");
  m.def(
      "image_mutate",
      [](const py::bytes& file, const std::string& mutation,
         const py::dict& arguments) {
        return from_bytes(mutate(to_bytes(file), mutation, arguments));
      },
      py::arg("file"), py::arg("mutation"), py::arg("arguments"),
      "A bad image from a good one. Arguments, as the mutation needs them: number, "
      "other (bytes), version, device_class, security_counter, key (path of a PEM).");
}

}  // namespace lockrig::bind
