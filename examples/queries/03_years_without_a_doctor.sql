-- How many person-years passed without a visit? The hospital's data alone, so only the hospital is asked.
SELECT v.health,
       COUNT(*) AS person_years,
       COUNT(*) FILTER (WHERE v.mdvis < 1) AS without_a_visit
FROM visits v
GROUP BY v.health
ORDER BY v.health
