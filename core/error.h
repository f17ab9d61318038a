// Errors as values, typed by what the caller does next.
#pragma once

#include <expected>
#include <string>

namespace vhookd {

enum class Recourse {
  retry,         // the same call may succeed soon (lock wait, deadlock, statement timeout)
  reconnect,     // the connection is lost or could not be opened; open a new one, with back-off
  give_up,       // the call can never succeed, whatever the settings (a bug, data out of range)
  ask_operator,  // the call succeeds once a person fixes what the message names (login, missing table)
  fenced,        // a later writer has taken over (store/term.h); drop the work, that writer continues it
};

struct Error {
  Recourse recourse = Recourse::give_up;
  std::string message;  // for the operator: where it happened and what to do; never contains a secret
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Recourse recourse, std::string message) {
  return std::unexpected(Error{recourse, std::move(message)});
}

}  // namespace vhookd
