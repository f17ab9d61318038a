// What the tests of config/ share: secrets that are known, and a folder that goes away.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "config/load.h"

namespace vhookd::config {

inline constexpr const char* canary = "CaNaRy-0b5e";  // must never be printed

// env: CANARY, PASSWORD (with characters that mean something in a url), INTERVAL, TWO_LINES, URL. No credentials.
inline SecretSources test_secrets(std::string credentials_folder = {}) {
  const std::map<std::string, std::string> values = {
      {"CANARY", canary},
      {"PASSWORD", std::string(canary) + " @:/?#%'\\"},
      {"INTERVAL", "45s"},
      {"TWO_LINES", std::string(canary) + "\n" + canary},
      {"URL", std::string("postgresql://reader:") + canary + "@db.example/shop?sslpassword=" + canary},
      {"ENVIRONMENT", "Staging"},
  };
  return {[values](const std::string& name) -> std::optional<std::string> {
            const auto found = values.find(name);
            return found == values.end() ? std::nullopt : std::optional(found->second);
          },
          std::move(credentials_folder)};
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vhookd-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

  // Hands back the file's path; folders on the way are made.
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  std::string path_;
};

}  // namespace vhookd::config
