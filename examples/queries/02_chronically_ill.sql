-- Does it also keep the ill away? Groups of fewer than 25 people stay in the enclave: of 16, 13 come out.
SELECT c.coinsurance,
       v.health,
       COUNT(DISTINCT v.person_id) AS people,
       AVG(v.mdvis) AS visits_a_year
FROM visits v
JOIN coverage c ON v.person_id = c.person_id
WHERE c.plan <> 'individual deductible' AND v.disea >= 10
GROUP BY c.coinsurance, v.health
ORDER BY c.coinsurance, v.health
