#include "scheduler/detect/digest.h"

#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace vhookd {

namespace {

thread_local std::string buffer;  // kept, so that a row costs no allocation

// Stands in the length's highest byte, which no length reaches.
std::uint64_t class_of(Kind kind) {
  const bool number = kind == Kind::integer || kind == Kind::real || kind == Kind::decimal || kind == Kind::boolean;
  return std::uint64_t{number ? 1U : kind == Kind::binary ? 2U : 0U} << 56;
}

}  // namespace

std::string digest(Row row, std::size_t count, Typing typing) {
  while (count > 0 && row[count - 1].null) --count;
  buffer.clear();
  for (const Value& value : row.first(count)) {
    std::uint64_t size = value.null ? ~std::uint64_t{0} : value.text.size();
    if (typing == Typing::by_cell && !value.null) size |= class_of(value.kind);
    char length[sizeof size];
    std::memcpy(length, &size, sizeof size);
    buffer.append(length, sizeof size);
    if (!value.null) buffer += value.text;
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(buffer.data(), buffer.size()));
  return {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest};
}

}  // namespace vhookd
