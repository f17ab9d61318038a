// What went wrong, typed by what the caller does next.
#pragma once

#include <expected>
#include <string>

namespace vhookd {

enum class Recourse {
  retry,         // the same call may work in a moment (lock wait, deadlock, statement timeout)
  reconnect,     // the connection is lost or was never had; open a new one, with back-off
  give_up,       // this call can never work and no setting mends it (a bug, data out of range)
  ask_operator,  // it works again once a person mends what the text names (login, missing table)
  fenced,        // a later writer has taken over (store/term.h): drop the work, it goes on there
};

struct Error {
  Recourse recourse = Recourse::give_up;
  std::string message;  // for the operator: names the place and the mend; never holds a secret
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Recourse recourse, std::string message) {
  return std::unexpected(Error{recourse, std::move(message)});
}

}  // namespace vhookd
