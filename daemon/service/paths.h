// Finds the configuration, the state folder and the control socket. The daemon and the commands that talk to it use the
// same rules. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vhookd {

// Returns the value of an environment variable; nullopt if it is not set or empty.
using Env = std::function<std::optional<std::string>(const std::string& name)>;
Env process_environment();

// --config and --state from the command line; empty: not given.
struct PathOptions {
  std::string config;
  std::string state;
};

// --config, else VHOOKD_CONFIG, else /etc/vhookd/vhookd.yaml.
std::string config_path(const PathOptions& options, const Env& env);

// --state, else `configured` (the YAML's state:), else $STATE_DIRECTORY, else /var/lib/vhookd.
std::string state_folder(const PathOptions& options, const std::string& configured, const Env& env);

// The path that the daemon listens on: `configured` (api.socket), else $RUNTIME_DIRECTORY/control.sock, else
// control.sock in `state`, the result of state_folder().
std::string socket_path(const std::string& configured, const std::string& state, const Env& env);

// The sockets on which a command looks for the daemon, the most likely first. Reads only `state` and `api.socket` from
// the configuration, because the user may be able to read neither its secrets nor the file itself.
struct SocketSearch {
  std::vector<std::string> candidates;  // at least one
  std::vector<std::string> notes;       // problems found on the way, for the message if no daemon answers
};
SocketSearch find_socket(const PathOptions& options, const Env& env);

}  // namespace vhookd
