// A suggestion is the known word that somebody most likely meant by an unknown one.
//
// Near means few edits: inserting, deleting or replacing a character, or exchanging two neighbours
// (Damerau-Levenshtein distance). Letter case is compared only to break ties, since `HGX-H100` is
// no other name than `hgx-h100` to the person who typed it.
//
// The answer does not depend on the order of the candidates. Words are compared byte by byte, which
// is right for ASCII names and merely a little pessimistic for others.
#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commplan {

// The least number of edits that turn `a` into `b`.
int EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or nothing when none is near enough: at most one edit for every
// three characters of the longer of the two words. So no word of one or two letters is suggested
// for another except by letter case; there a guess would be as likely wrong as right. Ties go to
// the candidate with the same letter case, then to the first in byte order.
std::optional<std::string> NearestWord(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

// The same for any range of what converts to std::string_view: std::vector<std::string>, arrays.
template <class Words>
std::optional<std::string> NearestWord(std::string_view word, const Words& candidates) {
  const std::vector<std::string_view> views(std::begin(candidates), std::end(candidates));
  return NearestWord(word, views);
}

// The text of a hint: "did you mean 'ring'?", or else "known are 'pairwise', 'ring', 'tree'" with
// the candidates in byte order, at most `most` of them. Empty when there are no candidates.
std::string SuggestionHint(std::string_view word, const std::vector<std::string_view>& candidates,
                           int most = 12);

template <class Words>
std::string SuggestionHint(std::string_view word, const Words& candidates, int most = 12) {
  const std::vector<std::string_view> views(std::begin(candidates), std::end(candidates));
  return SuggestionHint(word, views, most);
}

}  // namespace commplan
