// The fingerprint of the rows in a key range: two sums over the rows' hashes, 128 bits in all. It does not depend on
// the order of the rows and counts duplicates. The database computes it for whole ranges, and returns two 64-bit hashes
// with each row that vhookd reads, so that vhookd can compute the same sums and compare them with the database's later.
//
// Different rows have equal sums with a probability of 2^-128, unless someone constructs them: the hashes have no
// secret key, so a user who may write to the table could hide a change of their own rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vhookd {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using): __extension__ takes no using

class RangeHash {
 public:
  void add(Int128 first, Int128 second);
  // Adds a row's hashes as a database sends them: "first,second" in decimal digits, or at least 32 hex digits. Returns
  // false, and adds nothing, for any other text.
  bool add(std::string_view hashes);
  // "first,second" in decimal digits, as the databases print it.
  std::string text() const;

 private:
  Int128 first_ = 0;
  Int128 second_ = 0;
};

}  // namespace vhookd
