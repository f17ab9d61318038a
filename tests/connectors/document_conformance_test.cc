// A database without SQL passes the detection layer of the conformance suite, with hashes of ranges and without.
#include "tests/connectors/detection_conformance.h"
#include "tests/connectors/document_source.h"

namespace vhookd::conformance {

namespace {

class DocumentBackend final : public DetectionBackend {
 public:
  explicit DocumentBackend(bool hashes_ranges) : database_(hashes_ranges) {}

  void make_items(KeyType keys) override {
    database_.create("items", "key",
                     {{"key", keys == KeyType::integers ? Kind::integer : Kind::text},
                      {"value", Kind::text},
                      {"created_at", Kind::timestamptz},
                      {"updated_at", Kind::timestamptz}});
  }
  void insert(const Item& item) override { database_.put("items", document_of(item)); }
  void update(const Item& item) override { database_.put("items", document_of(item)); }
  void remove(const Param& key) override { database_.remove("items", value_of(key)); }
  Result<std::unique_ptr<Source>> connect() override { return database_.connect(); }

 private:
  static testing::Document value_of(const Param& key) {
    return key.kind == Kind::integer ? testing::Document(std::stoll(key.text)) : testing::Document(key.text);
  }
  static testing::Document document_of(const Item& item) {
    testing::Document document = {{"key", value_of(item.key)}};
    if (item.value) document["value"] = *item.value;
    if (item.created_at) document["created_at"] = testing::date(*item.created_at);
    if (item.updated_at) document["updated_at"] = testing::date(*item.updated_at);
    return document;
  }

  testing::DocumentDatabase database_;
};

std::vector<DetectionCase> document_cases(const std::string& name, bool hashes_ranges) {
  return detection_cases(name, testing::document_traits(hashes_ranges).capabilities(),
                         [hashes_ranges] { return std::make_unique<DocumentBackend>(hashes_ranges); });
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Document, Detection, ::testing::ValuesIn(document_cases("document", false)), DetectionNames());
INSTANTIATE_TEST_SUITE_P(DocumentWithHashes, Detection, ::testing::ValuesIn(document_cases("hashed", true)),
                         DetectionNames());

}  // namespace vhookd::conformance
