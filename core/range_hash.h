// What stands for the rows of a key range: two sums over the rows' hashes, 128 bits that do not depend on the
// order in which rows come and count a row as often as it is there. The database computes them for whole ranges
// and gives the two 64-bit hashes of each row it hands over, so that the sums of what was read can be made here
// and compared with the server's word later.
//
// Rows that differ give equal sums with odds of 2^-128, where nobody seeks such rows: the hashes are no secret, and
// who may write could hide a change of his own rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vhookd {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using): __extension__ takes no using

class Fingerprint {
 public:
  void add(Int128 first, Int128 second);
  // A row's hashes as a database sends them: "first,second" in decimal digits, or at least 32 hex digits. False: they
  // are not that, and nothing was added.
  bool add(std::string_view hashes);
  // As the databases print it: "first,second".
  std::string text() const;

 private:
  Int128 first_ = 0;
  Int128 second_ = 0;
};

}  // namespace vhookd
