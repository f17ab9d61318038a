#include "tests/store/sqlite/fault_vfs.h"

#include <sqlite3.h>

#include <optional>
#include <stdexcept>

namespace vhookd::testing {

namespace {

struct State {
  std::optional<FileFault> fault;
  int calls = 0;
  bool met = false;
};

State& state() {
  static State one;
  return one;
}

// Nothing, or what the call is to answer instead of being made.
std::optional<int> fault_of(FileCall call) {
  State& now = state();
  if (!now.fault || now.fault->call != call) return std::nullopt;
  ++now.calls;
  if (now.calls < now.fault->at || (now.calls > now.fault->at && !now.fault->lasts)) return std::nullopt;
  now.met = true;
  return now.fault->code;
}

struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real;
};

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<FaultyFile*>(file)->real;
}

int close(sqlite3_file* file) {
  return real(file)->pMethods->xClose(real(file));
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 from) {
  if (const auto code = fault_of(FileCall::read)) return *code;
  return real(file)->pMethods->xRead(real(file), to, size, from);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 to) {
  if (const auto code = fault_of(FileCall::write)) return *code;
  return real(file)->pMethods->xWrite(real(file), from, size, to);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const auto code = fault_of(FileCall::truncate)) return *code;
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  if (const auto code = fault_of(FileCall::sync)) return *code;
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int file_control(sqlite3_file* file, int what, void* with) {
  return real(file)->pMethods->xFileControl(real(file), what, with);
}
int sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int device_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

constexpr sqlite3_io_methods methods = {.iVersion = 1,
                                        .xClose = close,
                                        .xRead = read,
                                        .xWrite = write,
                                        .xTruncate = truncate,
                                        .xSync = sync,
                                        .xFileSize = file_size,
                                        .xLock = lock,
                                        .xUnlock = unlock,
                                        .xCheckReservedLock = check_reserved_lock,
                                        .xFileControl = file_control,
                                        .xSectorSize = sector_size,
                                        .xDeviceCharacteristics = device_characteristics};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* beneath = static_cast<sqlite3_vfs*>(vfs->pAppData);
  auto* ours = reinterpret_cast<FaultyFile*>(file);
  ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
  const int code = beneath->xOpen(beneath, name, ours->real, flags, out);
  ours->base.pMethods = code == SQLITE_OK ? &methods : nullptr;
  return code;
}

// The system's own in all but the opening of files.
void install() {
  static sqlite3_vfs ours = [] {
    sqlite3_vfs* beneath = sqlite3_vfs_find(nullptr);
    sqlite3_vfs copy = *beneath;
    copy.szOsFile += static_cast<int>(sizeof(FaultyFile));
    copy.zName = "faulty";
    copy.pNext = nullptr;
    copy.pAppData = beneath;
    copy.xOpen = open;
    return copy;
  }();
  if (sqlite3_vfs_register(&ours, 1) != SQLITE_OK) throw std::runtime_error("cannot register a VFS");
}

}  // namespace

FaultyFiles::FaultyFiles(const FileFault& fault) {
  state() = {.fault = fault};
}

FaultyFiles::~FaultyFiles() {
  state().fault.reset();
}

bool FaultyFiles::met() const {
  return state().met;
}

// Before the first file is opened: one opened earlier would not be ours.
const bool installed = (install(), true);

}  // namespace vhookd::testing
