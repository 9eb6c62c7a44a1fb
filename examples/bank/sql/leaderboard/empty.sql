DELETE FROM leaderboard
