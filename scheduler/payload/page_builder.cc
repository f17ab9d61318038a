#include "scheduler/payload/page_builder.h"

#include "core/page_body.h"

namespace vhookd {

namespace {

// A page is cut early above this: receivers and the outbox take pages whole.
constexpr std::size_t page_bytes = std::size_t{16} << 20;

}  // namespace

void PageBuilder::record(Row row, const CheckpointMaker& before) {
  record(writer_, row, before);
}

void PageBuilder::record(const RecordWriter& writer, Row row, const CheckpointMaker& before) {
  if (data_records_ >= style_.max_records || data_.size() >= page_bytes) {
    close_page(style_.initial ? PageType::initial_partial : PageType::virtual_);
    if (open_bytes_ >= style_.part_bytes) seal(before);
  }
  data_ += data_records_ == 0 ? '[' : ',';
  writer.append(data_, row);
  ++data_records_;
  ++records_;
  recorded_ = true;
}

void PageBuilder::remember(KnownRow row, const CheckpointMaker& before) {
  // Rows noted without being sent gather too; they are parted wherever no page is open. A page that stays open
  // over too many of them is cut short, but not in a first sync, whose last page has to say that it is the last.
  if (data_records_ > 0 && !recorded_ && !style_.initial && open_.remember.size() >= 10 * style_.part_known_rows)
    close_page(PageType::virtual_);
  if (open_.remember.size() >= style_.part_known_rows && data_records_ == 0) seal(before);
  recorded_ = false;
  open_.remember.push_back(std::move(row));
}

void PageBuilder::forget(std::string key, const CheckpointMaker& before) {
  const bool many = open_.forget.size() >= style_.part_known_rows;
  if (many && data_records_ > 0 && !style_.initial) close_page(PageType::virtual_);
  if (many && data_records_ == 0) seal(before);
  open_.forget.push_back(std::move(key));
}

void PageBuilder::close_page(PageType type) {
  data_ += ']';
  Page page{.id = "msg_" + style_.random_id(),
            .sequence = style_.next_sequence++,
            .type = type,
            .records = data_records_,
            .body = {}};
  page.body = envelope(type, style_.webhook_json, data_, page.sequence, style_.secret, style_.random_id());
  open_bytes_ += page.body.size();
  open_.pages.push_back(std::move(page));
  data_.clear();
  data_records_ = 0;
  ++pages_;
}

void PageBuilder::seal(const CheckpointMaker& before) {
  open_.checkpoint = before();
  if (sealed_) {  // the last one was not taken yet: they become one
    sealed_->checkpoint = std::move(open_.checkpoint);
    std::ranges::move(open_.pages, std::back_inserter(sealed_->pages));
    std::ranges::move(open_.remember, std::back_inserter(sealed_->remember));
    std::ranges::move(open_.forget, std::back_inserter(sealed_->forget));
    std::ranges::move(open_.ranges, std::back_inserter(sealed_->ranges));
    std::ranges::move(open_.dropped_ranges, std::back_inserter(sealed_->dropped_ranges));
    sealed_->no_ranges = sealed_->no_ranges || open_.no_ranges;
  } else {
    sealed_ = std::move(open_);
  }
  open_ = {};
  open_bytes_ = 0;
}

std::optional<Part> PageBuilder::take_part() {
  return std::exchange(sealed_, std::nullopt);
}

Part PageBuilder::finish(std::string checkpoint) {
  if (data_records_ > 0) close_page(style_.initial ? PageType::initial_complete : PageType::virtual_);
  seal([&] { return std::move(checkpoint); });
  return *take_part();
}

}  // namespace vhookd
