#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace treesum {

/// A SHA-256 sum in the making, by OpenSSL.
class sha256 {
 public:
  /// \throws std::runtime_error if OpenSSL refuses.
  sha256();
  void update(std::span<const std::byte> bytes);

  /// The sum of all that came, in hexadecimal. Once.
  [[nodiscard]] std::string finish();

 private:
  struct release {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, release> context_;
};

}  // namespace treesum
