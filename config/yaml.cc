#include "config/yaml.h"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace vhookd::config {

namespace {

constexpr std::size_t deepest = 32;  // a configuration nests 5 deep; yaml-cpp recurses for each level
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Converts byte offsets to locations. yaml-cpp counts columns in bytes, users count characters.
class LocationMap {
 public:
  LocationMap(std::string_view source, int file) : source_(source), file_(file) {
    for (std::size_t i = 0; i < source.size(); ++i)
      if (source[i] == '\n') starts_.push_back(i + 1);
  }

  Location at(int line, int column) const {
    if (line < 0 || static_cast<std::size_t>(line) >= starts_.size()) return Location{file_, 1, 1};
    const auto text = source_.substr(starts_[static_cast<std::size_t>(line)], static_cast<std::size_t>(column));
    int characters = 1;
    for (const char c : text) characters += (c & 0xC0) != 0x80 ? 1 : 0;
    return Location{file_, line + 1, characters};
  }
  Location at(const YAML::Mark& mark) const { return at(mark.line, mark.column); }

  std::string_view rest(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size()) return {};
    return source_.substr(starts_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column));
  }

  // The end of the text before `mark`: for a missing value yaml-cpp gives the position of the token after it.
  Location before(const YAML::Mark& mark) const {
    const auto text = source_.substr(0, source_.size() - rest(mark).size());
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return at_byte(last == std::string_view::npos ? 0 : last);
  }

  std::string_view line_of(YAML::Mark mark) const {
    mark.column = 0;
    const auto text = rest(mark);
    return text.substr(0, text.find('\n'));
  }

  bool indented_by_tab(const YAML::Mark& mark) const {
    const auto line = line_of(mark);
    const std::size_t first = line.find_first_not_of(' ');
    return first != std::string_view::npos && line[first] == '\t';
  }

  Location at_byte(std::size_t offset) const {
    const auto next = std::ranges::upper_bound(starts_, offset);
    const auto line = static_cast<std::size_t>(next - starts_.begin()) - 1;
    return at(static_cast<int>(line), static_cast<int>(offset - starts_[line]));
  }

 private:
  std::string_view source_;
  std::vector<std::size_t> starts_ = {0};
  int file_;
};

struct TooDeep {
  Location at;
};

// Whether a quoted scalar is terminated. yaml-cpp accepts the end of the file as the closing quote.
bool is_terminated(std::string_view scalar) {
  if (scalar.empty() || (scalar[0] != '"' && scalar[0] != '\'')) return true;  // a block scalar
  for (std::size_t i = 1; i < scalar.size(); ++i) {
    const bool escape = scalar[0] == '"' ? scalar[i] == '\\' : scalar.substr(i, 2) == "''";
    if (escape) {
      ++i;
    } else if (scalar[i] == scalar[0]) {
      return true;
    }
  }
  return false;
}

// Builds the tree from yaml-cpp's events. Its own Node is not used, because it merges, converts and expands.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const LocationMap& locations, Report& report) : locations_(locations), report_(report) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2)
      reject(mark, "unexpected second document or text after the first document; keep one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    Node node;
    const auto text = locations_.rest(mark);
    const bool written = !text.empty() && (text[0] == '~' || text[0] == 'n' || text[0] == 'N');
    const bool has_key = !open_.empty() && open_.back().key;
    node.location = has_key ? open_.back().key->location : written ? locations_.at(mark) : locations_.before(mark);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    reject(mark, "aliases are not supported; write the value out, or put it under defaults");
    add_rejected(mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    if (tag == "!" && !is_terminated(locations_.rest(mark))) {
      reject(mark, "unterminated quote; close it");
      return add_rejected(mark);  // its text is the rest of the file, including secrets
    }
    add(Node{tag == "!" ? Node::Type::quoted : Node::Type::plain, locations_.at(mark), value, {}, {}});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Node{Node::Type::list, locations_.at(mark), "", {}, {}});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Node{Node::Type::map, locations_.at(mark), "", {}, {}});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  // in a map: a key whose value is not read yet
  };

  void reject(const YAML::Mark& mark, std::string_view what) { report_.error(locations_.at(mark), "yaml", what); }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0)
      reject(mark, "anchors are not supported; write the value out where it is needed, or put it under defaults");
    if (!tag.empty() && tag != "!" && tag != "?")
      reject(mark, "tags are not supported; remove the tag, and put text that looks like a number in quotes");
  }

  void add_rejected(const YAML::Mark& mark) {
    if (!open_.empty() && open_.back().node.type == Node::Type::list) return;
    add(Node{Node::Type::rejected, locations_.at(mark), "", {}, {}});
  }

  void open(Node node) {
    if (open_.size() >= deepest) throw TooDeep{node.location};
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      if (documents_ == 1) root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.type == Node::Type::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      if (parent.key->type != Node::Type::rejected)
        parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    } else {
      const bool text = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      if (!text && node.type != Node::Type::rejected)
        report_.error(node.location, "yaml", "expected text as the key; write a name before the colon");
      if (!text) node.type = Node::Type::rejected;
      parent.key = std::move(node);
    }
  }

  const LocationMap& locations_;
  Report& report_;
  Node root_;
  std::vector<Open> open_;
  int documents_ = 0;
};

// Finds bytes that yaml-cpp would interpret as another encoding or as the end of the file.
std::optional<std::size_t> control_byte(std::string_view source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto c = static_cast<unsigned char>(source[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return i;
  }
  return std::nullopt;
}

std::size_t first_invalid_byte(std::string_view source) {
  std::size_t valid = 0;
  for (std::size_t end = 1; end <= source.size() && end - valid <= 4; ++end)
    if (simdjson::validate_utf8(source.data() + valid, end - valid)) valid = end;
  return valid;
}

}  // namespace

std::optional<Node> parse_yaml(const std::string& bytes, int file, Report& report) {
  std::string_view source = bytes;
  if (source.starts_with(byte_order_mark)) source.remove_prefix(byte_order_mark.size());
  const LocationMap locations(source, file);
  if (!simdjson::validate_utf8(source.data(), source.size())) {
    report.error(locations.at_byte(first_invalid_byte(source)), "yaml", "invalid UTF-8; save the file as UTF-8");
    return std::nullopt;
  }
  if (const auto offset = control_byte(source)) {
    report.error(locations.at_byte(*offset), "yaml", "unexpected control character; remove it");
    return std::nullopt;
  }
  Builder builder(locations, report);
  try {
    std::istringstream stream{std::string(source)};
    YAML::Parser parser(stream);
    // At most twice: at an unexpected comma yaml-cpp produces empty documents forever.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const TooDeep& deep) {
    report.error(deep.at, "yaml", "nested more than 32 levels deep");
    return std::nullopt;
  } catch (const YAML::Exception& fault) {
    std::string remedy = "check indentation, quotes and brackets here and just above";
    if (locations.line_of(fault.mark).contains("${")) remedy = "inside { } or [ ] put a value with ${…} in quotes";
    if (locations.indented_by_tab(fault.mark)) remedy = "indent with spaces, not with a tab";
    report.error(locations.at(fault.mark), "yaml", "not valid YAML (" + fault.msg + "); " + remedy);
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace vhookd::config
