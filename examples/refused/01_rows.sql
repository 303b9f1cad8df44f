-- Rows of single people instead of groups.
SELECT v.health, v.mdvis, c.plan
FROM visits v
JOIN coverage c ON v.person_id = c.person_id
