#include "rig/twin/image_check.hpp"

namespace lockrig::twin {
namespace {

using image::Fault;

// The public half of fixtures/keys/development.pem, which every developer has.
image::PublicKey development_key() {
  static const image::PublicKey key = image::PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAL39NAWURwXg8+ZmluOMtH+nyImcqcuCFcHeUcWLjars=\n"
      "-----END PUBLIC KEY-----\n",
      "image_check.cpp");
  return key;
}

}  // namespace

Misfit misfit_of(const image::Identity& identity, const LockModel& model,
                 const Defects& defects) {
  const bool any_revision = defects.has(kIgnoresRevision);
  if (defects.has(kLockstate2017)) return Misfit::none;
  if (!model.fits(identity)) return Misfit::model;
  if (!any_revision && !identity.fits_revision(model.revision)) return Misfit::revision;
  return Misfit::none;
}

Fault fault_of(const image::Parsed& image, const LockModel& model,
               const Defects& defects) {
  const bool takes_development = defects.has(kAcceptsDevelopmentKey);
  const bool takes_unsigned = defects.has(kAcceptsUnsigned);
  const bool ignores_digest = defects.has(kIgnoresDigest);
  Fault fault = Fault::none;
  if (takes_development) {
    image::PublicKeys trusted = model.trusted;
    trusted.push_back(development_key());
    fault = image::verify(image, trusted);
  } else {
    fault = image::verify(image, model.trusted);
  }
  if (takes_unsigned && fault == Fault::unsigned_image) return Fault::none;
  // The signature is over the digest that the image states.
  if (ignores_digest && fault == Fault::hash_mismatch) return Fault::none;
  return fault;
}

}  // namespace lockrig::twin
