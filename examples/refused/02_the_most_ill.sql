-- A maximum is one person's value.
SELECT c.coinsurance, MAX(v.mdvis) AS most_visits
FROM visits v
JOIN coverage c ON v.person_id = c.person_id
GROUP BY c.coinsurance
