"""Releases: `perpetual deploy`, `rollback` and `releases`.

Options become a plan (pure: phases with the calls they will make), which is executed with given
clients and a given clock, and followed by a pure reducer of what AWS answers. What a run has to
remember lives in SSM below the stack's path: the lock, the journal of the run under way, and the
history. So a run that is killed leaves what the next one can read, complete or explain.
"""
