// Where things are: the configuration, the state folder, the control socket. The daemon and the
// commands that talk to it work it out by the same rules.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vhookd {

// An environment variable's value; one that is set to nothing counts as not set.
using Env = std::function<std::optional<std::string>(const std::string& name)>;
Env process_environment();

// --config and --state as they stand on the command line; empty: not given.
struct Given {
  std::string config;
  std::string state;
};

// --config, else VHOOKD_CONFIG, else /etc/vhookd/vhookd.yaml.
std::string config_path(const Given& given, const Env& env);

// --state, else `configured` (the YAML's state:), else $STATE_DIRECTORY, else /var/lib/vhookd.
std::string state_folder(const Given& given, const std::string& configured, const Env& env);

// Where the daemon listens: `configured` (api.socket), else $RUNTIME_DIRECTORY/control.sock, else
// control.sock in `state`, the folder that state_folder() gave.
std::string socket_path(const std::string& configured, const std::string& state, const Env& env);

// Where a command finds the daemon, the likeliest first. Reads no more of the configuration than
// `state` and `api.socket`, for whoever asks may see neither its secrets nor the file itself.
struct SocketSearch {
  std::vector<std::string> candidates;  // at least one
  std::vector<std::string> notes;       // what stood in the way, for the message when nobody answers
};
SocketSearch find_socket(const Given& given, const Env& env);

}  // namespace vhookd
