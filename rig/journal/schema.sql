-- The journal of a run: one SQLite file with one writer. Reports are rendered from it
-- alone. A change here raises user_version; older files are then refused by name.
PRAGMA application_id = 0x6c6b7267;  -- "lkrg"
PRAGMA user_version = 3;

-- What the run is: version, seed (decimal), command_line, bench (its file or name),
-- bench_kind (virtual, rehearsal, hardware, programs), started (UTC text), host.<fact>; `request`
-- (JSON) where what was asked for can be resumed; and, once
-- the run has ended, wall_s and trace_sha256. A run without these two did not end.
CREATE TABLE run (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row an attempt of a trial. `case_id` is the catalogue row that ran it; the same
-- trial may serve several. `purpose`: 'case'; 'control' (a known-bad lock, whose failure is
-- wanted); 'sham' (something is withheld from a good lock: its verdict is known in
-- advance); 'expected' (a case that wants this very verdict, such as RIG-04's
-- inconclusive). `op_index` and `fraction` are those of the first cut, where it is in a
-- flash operation. `answers` and `cuts` are JSON lists, `lost` and `defects` are names
-- joined by spaces.
CREATE TABLE trials (
  case_id TEXT NOT NULL,
  id TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  purpose TEXT NOT NULL CHECK (purpose IN ('case', 'control', 'sham', 'expected')),
  station TEXT NOT NULL,
  board TEXT NOT NULL,
  defects TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('recovered', 'recovered_late', 'degraded',
                                           'bricked', 'unsafe', 'inconclusive')),
  lost TEXT NOT NULL,
  phase TEXT NOT NULL,
  operation TEXT NOT NULL,
  op_index INTEGER,
  fraction REAL,
  forked INTEGER NOT NULL,
  checked INTEGER NOT NULL,
  trace_hash TEXT NOT NULL,
  simulated_s REAL NOT NULL,
  note TEXT NOT NULL,
  spec TEXT NOT NULL,
  answers TEXT NOT NULL,
  cuts TEXT NOT NULL,
  PRIMARY KEY (case_id, id, attempt)
) STRICT;

-- The whole trace of a trial that failed or ran on hardware, as JSON lines.
CREATE TABLE traces (
  case_id TEXT NOT NULL,
  id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  events TEXT NOT NULL,
  PRIMARY KEY (case_id, id, attempt)
) STRICT;

-- One row a scenario of a case on a station; `defect` is the control's or names the sham,
-- '' for a case. `caught` is NULL for a case and for a control that was skipped; of a sham
-- it says that the verdict was the one known in advance. The doctor's row of a station has
-- the case_id 'DOCTOR', a sham's 'SHAM'. `measurements` is a
-- JSON list of {name, value, unit, low, high}. `simulated_s` leaves the trials' out.
CREATE TABLE cases (
  case_id TEXT NOT NULL,
  station TEXT NOT NULL,
  scenario TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed', 'skipped',
                                           'inconclusive', 'error')),
  purpose TEXT NOT NULL CHECK (purpose IN ('case', 'control', 'sham')),
  defect TEXT NOT NULL,
  caught INTEGER,
  reason TEXT NOT NULL,
  measurements TEXT NOT NULL,
  wall_s REAL NOT NULL,
  simulated_s REAL NOT NULL,
  PRIMARY KEY (case_id, station, scenario, defect)
) STRICT;

-- An exhaustive sweep: the operations counted in the uncut run, the fractions (a JSON
-- list) and the trials made of them. A case may sweep more than once a station.
CREATE TABLE operations (
  case_id TEXT NOT NULL,
  station TEXT NOT NULL,
  sweep TEXT NOT NULL,
  operations INTEGER NOT NULL,
  fractions TEXT NOT NULL,
  trials INTEGER NOT NULL,
  PRIMARY KEY (case_id, station, sweep)
) STRICT;

-- A map of outcomes that a scenario judged itself: one row a cell, in the order in which
-- they were judged. All words are the scenario's own; `note` says what a cell was judged by.
CREATE TABLE outcomes (
  case_id TEXT NOT NULL,
  station TEXT NOT NULL,
  scenario TEXT NOT NULL,
  map TEXT NOT NULL,
  "row" TEXT NOT NULL,
  "column" TEXT NOT NULL,
  value TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (case_id, station, scenario, map, "row", "column")
) STRICT;

-- What was known of a station in this run. `quarantined` is what the doctor found, '' if
-- the station was used. `examination` (the findings) and `calibration` (that of the
-- station's state) are JSON, '' for none. `last_good_shams` is the UTC date, before this
-- run, on which the station last judged all its shams rightly; '' for never.
CREATE TABLE stations (
  station TEXT PRIMARY KEY,
  board TEXT NOT NULL,
  quarantined TEXT NOT NULL,
  examination TEXT NOT NULL,
  calibration TEXT NOT NULL,
  last_good_shams TEXT NOT NULL
) STRICT, WITHOUT ROWID;
