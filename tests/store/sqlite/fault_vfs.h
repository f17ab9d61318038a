// SQLite's way to its files, with faults on order: the n-th call of a kind fails, once or from then on. The default
// of this test program from its first use; what is not armed goes through untouched.
#pragma once

namespace vhookd::testing {

enum class FileCall { read, write, sync, truncate };

struct FileFault {
  FileCall call = FileCall::write;
  int code = 0;       // of SQLite, what the call answers
  int at = 1;         // the first call that fails
  bool lasts = true;  // those after it fail too
};

// Not thread-safe. One fault at a time.
class FaultyFiles {
 public:
  explicit FaultyFiles(const FileFault& fault);
  ~FaultyFiles();  // all is well again
  FaultyFiles(const FaultyFiles&) = delete;
  FaultyFiles& operator=(const FaultyFiles&) = delete;

  bool met() const;  // some call has failed
};

}  // namespace vhookd::testing
