// An instrument's answers survive parsing whatever they are, how the bytes were cut
// makes no difference, and what parses keeps to its type's promises.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "rig/protocol/scpi.hpp"

namespace {

using lockrig::ByteView;
using lockrig::scpi::LineAssembler;

void require(bool good) {
  if (!good) std::abort();
}

void drain(LineAssembler& lines, std::vector<LineAssembler::Line>& heard) {
  while (auto line = lines.next()) heard.push_back(std::move(*line));
}

void parse(const LineAssembler::Line& line) {
  require(line.text.size() <= LineAssembler::kMaxLine);
  require(std::all_of(line.text.begin(), line.text.end(),
                      [](char c) { return c >= ' ' && c <= '~'; }));
  const auto number = lockrig::scpi::parse_number(line.text);
  const auto milli = lockrig::scpi::parse_milli(line.text);
  require(!milli || (number && std::isfinite(*number)));
  require(!milli || std::abs(*number * 1000 - *milli) <= 0.5);
  const auto flag = lockrig::scpi::parse_bool(line.text);
  require(!flag || milli == (*flag ? 1000 : 0));
  if (milli && *milli >= 0) {
    const std::string command = lockrig::scpi::voltage(*milli);
    require(lockrig::scpi::parse_milli(command.substr(5)) == milli);
  }
  if (const auto error = lockrig::scpi::parse_error(line.text)) {
    std::string quoted = std::to_string(error->code) + ",\"";
    for (const char c : error->text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    require(lockrig::scpi::parse_error(quoted + "\"") == error);
    require(!number);
  }
  const auto id = lockrig::scpi::parse_identity(line.text);
  require(!id || (!id->maker.empty() && !id->model.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 50;
  const ByteView stream(data + 1, size - 1);

  std::vector<LineAssembler::Line> in_pieces;
  LineAssembler pieces;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    pieces.feed(stream.subspan(at, std::min(step, stream.size() - at)));
    drain(pieces, in_pieces);
  }
  std::vector<LineAssembler::Line> at_once;
  LineAssembler whole;
  whole.feed(stream);
  drain(whole, at_once);
  require(at_once.size() == std::min(in_pieces.size(), LineAssembler::kMaxQueued));
  require(std::equal(at_once.rbegin(), at_once.rend(), in_pieces.rbegin()));

  for (const LineAssembler::Line& line : in_pieces) parse(line);
  return 0;
}
