#include "digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace treesum {
namespace {

void check(int succeeded) {
  if (succeeded != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

void sha256::release::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

sha256::sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr ? 1 : 0);
  check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context_.get(), raw.data(), &size));
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : std::span(raw).first(size)) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace treesum
