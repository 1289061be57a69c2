#include "calibrate/samples/json.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace commplan::samples {
namespace {

Where PlaceOf(std::string_view text, std::size_t byte, const std::string& file) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {file, static_cast<int>(line) + 1, static_cast<int>(before.size() - start) + 1};
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  std::optional<std::string> doubled;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !doubled) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) doubled = key;
    }
    return true;
  };
  try {
    Json document = Json::parse(text.begin(), text.end(), watch);
    if (doubled) {
      const std::string quoted = "\"" + *doubled + "\"";
      const std::size_t first = text.find(quoted);
      const std::size_t second =
          first == std::string_view::npos ? first : text.find(quoted, first + 1);
      const Where where =
          second == std::string_view::npos ? Where{file} : PlaceOf(text, second, file);
      return BadInputError("found the key '" + *doubled + "' twice in one object", where);
    }
    return document;
  } catch (const Json::parse_error& error) {
    // The library counts bytes from 1, and one beyond the text where it ends too early.
    const std::size_t byte = error.byte == 0 ? 0 : error.byte - 1;
    const bool early = byte >= text.size();
    return BadInputError(early ? "found the end of the text, expected the rest of a JSON document"
                               : "found something that is no JSON",
                         PlaceOf(text, byte, file));
  } catch (const Json::exception&) {
    return BadInputError("found a number that is too large for any double", {file});
  }
}

}  // namespace commplan::samples
