#include "daemon/service/paths.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vhookd {

namespace {

namespace fs = std::filesystem;

constexpr const char* system_folder = "/etc/vhookd";
constexpr const char* system_socket = "/run/vhookd/control.sock";  // the unit's RuntimeDirectory
constexpr std::size_t largest_file = 1 << 20;

// systemd separates several folders with colons; vhookd uses the first.
std::optional<std::string> folder_from(const Env& env, const std::string& name) {
  auto value = env(name);
  if (value) value->resize(std::min(value->find(':'), value->size()));
  return value && !value->empty() ? value : std::nullopt;
}

std::string in(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

// The settings that find_socket() needs, read from the YAML files. Empty: not set.
struct SocketSettings {
  std::string state;
  std::string socket;
};

// The value with each ${env:NAME} resolved; nullopt if any reference cannot be resolved.
std::optional<std::string> resolved(std::string text, const Env& env) {
  constexpr std::string_view opening = "${env:";
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos || text.compare(at, opening.size(), opening) != 0) return std::nullopt;
    const auto value = env(text.substr(at + opening.size(), end - at - opening.size()));
    if (!value) return std::nullopt;
    text.replace(at, end - at + 1, *value);
    at += value->size();
  }
  return text;
}

std::string scalar(const YAML::Node& map, const char* key, const Env& env) {
  if (!map.IsMap() || !map[key] || !map[key].IsScalar()) return {};
  return resolved(map[key].Scalar(), env).value_or("");
}

void read_settings(const std::string& path, const Env& env, SocketSettings& seen, std::vector<std::string>& notes) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(largest_file, '\0');
  if (!file || (file.read(text.data(), static_cast<std::streamsize>(text.size())), file.bad())) {
    notes.push_back("the configuration " + path + " cannot be read: " + std::strerror(errno != 0 ? errno : EIO));
    return;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return;
    if (auto state = scalar(root, "state", env); !state.empty()) seen.state = std::move(state);
    if (auto socket = scalar(root["api"], "socket", env); !socket.empty()) seen.socket = std::move(socket);
  } catch (const YAML::Exception& error) {
    notes.push_back("the configuration " + path + " is not valid YAML: " + error.what());
  }
}

std::vector<std::string> yaml_files(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

SocketSettings read_all_settings(const std::string& config, const Env& env, std::vector<std::string>& notes) {
  SocketSettings seen;
  std::error_code ignored;
  const bool folder = fs::is_directory(config, ignored);
  if (!folder) read_settings(config, env, seen, notes);
  const auto more = yaml_files(folder ? fs::path(config) : fs::path(config).parent_path() / "conf.d");
  if (folder && more.empty()) notes.push_back("no readable *.yaml file in the configuration folder " + config);
  for (const auto& file : more) read_settings(file, env, seen, notes);
  return seen;
}

bool under_system_folder(const std::string& path) {
  const auto [rest, end] = std::ranges::mismatch(fs::path(path).lexically_normal(), fs::path(system_folder));
  return end == fs::path(system_folder).end();
}

}  // namespace

Env process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::string config_path(const PathOptions& options, const Env& env) {
  if (!options.config.empty()) return options.config;
  return env("VHOOKD_CONFIG").value_or(in(system_folder, "vhookd.yaml"));
}

std::string state_folder(const PathOptions& options, const std::string& configured, const Env& env) {
  if (!options.state.empty()) return options.state;
  if (!configured.empty()) return configured;
  return folder_from(env, "STATE_DIRECTORY").value_or("/var/lib/vhookd");
}

std::string socket_path(const std::string& configured, const std::string& state, const Env& env) {
  if (!configured.empty()) return configured;
  return in(folder_from(env, "RUNTIME_DIRECTORY").value_or(state), "control.sock");
}

SocketSearch find_socket(const PathOptions& options, const Env& env) {
  SocketSearch search;
  const std::string config = config_path(options, env);
  const SocketSettings seen = read_all_settings(config, env, search.notes);
  if (!seen.socket.empty()) {
    search.candidates.push_back(seen.socket);
    return search;
  }
  const std::string own = in(state_folder(options, seen.state, env), "control.sock");
  if (!options.state.empty()) {  // only the daemon with this state
    search.candidates.push_back(own);
    return search;
  }
  if (const auto runtime = folder_from(env, "RUNTIME_DIRECTORY"))
    search.candidates.push_back(in(*runtime, "control.sock"));
  // A configuration elsewhere with its own state belongs to another daemon than the system's. A command for one of them
  // must never reach the other.
  if (seen.state.empty() || under_system_folder(config)) search.candidates.emplace_back(system_socket);
  if (std::ranges::find(search.candidates, own) == search.candidates.end()) search.candidates.push_back(own);
  return search;
}

}  // namespace vhookd
