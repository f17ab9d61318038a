// A document database in memory, and a Source over it: the example of a database without SQL
// (docs/adding-a-database.md). A table is a collection, a column is a top-level field of its documents, and a nested
// document is a value of Kind::json.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/source.h"
#include "tests/connectors/document_values.h"

namespace vhookd::testing {

struct Collection {
  std::string key;                                   // the field that tells the documents apart
  std::vector<std::pair<std::string, Kind>> fields;  // those that a schema names, with or without documents
  std::map<std::string, Document> documents;         // by key, as core/key.h orders them
};

// One state of the database.
struct DocumentState {
  std::map<std::string, Collection> collections;
  std::int64_t changes = 0;
};

const SourceTraits& document_traits(bool hashes_ranges);

// Not thread-safe. Outlives its sources.
class DocumentDatabase {
 public:
  // `hashes_ranges`: its sources answer RangeHashes and RangeRows.
  explicit DocumentDatabase(bool hashes_ranges) : traits_(document_traits(hashes_ranges)) {}

  // Makes the collection anew, without documents.
  void create(const std::string& collection, const std::string& key,
              std::vector<std::pair<std::string, Kind>> fields = {});
  void put(const std::string& collection, const Document& document);  // replaces the one with its key
  void remove(const std::string& collection, const Document& key);

  std::unique_ptr<Source> connect() const;
  const SourceTraits& traits() const { return traits_; }
  std::shared_ptr<const DocumentState> state() const { return state_; }

 private:
  DocumentState& changed();  // a copy of the state, which takes its place

  const SourceTraits& traits_;
  std::shared_ptr<DocumentState> state_ = std::make_shared<DocumentState>();
};

}  // namespace vhookd::testing
