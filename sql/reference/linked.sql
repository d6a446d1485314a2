-- The linked tables and their columns, empty and typed. A table no feed has
-- filled is then still a table, and a file that lacks a column gives nulls of
-- the right type. flagged is what earlier runs flagged, kept by the region.
CREATE SCHEMA typed;
CREATE TABLE typed.person (person UUID, sex VARCHAR, birth_month DATE, ethnicity VARCHAR, ethnic_group VARCHAR,
    lsoa_2011 VARCHAR, lsoa_2021 VARCHAR, imd_2019_decile INTEGER, imd_2019_fifth INTEGER, practice VARCHAR,
    death_date DATE, feeds VARCHAR, ties INTEGER);
CREATE TABLE typed.demographic (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, sex VARCHAR, birth_month DATE,
    ethnicity VARCHAR, lsoa_2011 VARCHAR, lsoa_2021 VARCHAR, practice VARCHAR, recorded_date DATE);
CREATE TABLE typed.registration (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, practice VARCHAR,
    start_date DATE, end_date DATE, status VARCHAR);
CREATE TABLE typed.death (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, death_date DATE, source VARCHAR);
CREATE TABLE typed.care_event (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, spell_id UUID,
    setting VARCHAR, kind VARCHAR, start_date DATE, start_time VARCHAR, end_date DATE, end_time VARCHAR,
    admission_method VARCHAR, discharge_method VARCHAR, episode_order INTEGER, episode_status VARCHAR,
    patient_class VARCHAR, specialty VARCHAR, detail VARCHAR, finished BOOLEAN);
CREATE TABLE typed.contact (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, setting VARCHAR,
    contact_date DATE, contact_time VARCHAR, kind VARCHAR, attendance VARCHAR, duration_minutes INTEGER,
    specialty VARCHAR, referral_id UUID);
CREATE TABLE typed.condition (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, setting VARCHAR,
    code VARCHAR, code_system VARCHAR, recorded_date DATE, date_precision VARCHAR, position INTEGER);
CREATE TABLE typed.procedure (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, setting VARCHAR,
    code VARCHAR, code_system VARCHAR, procedure_date DATE, position INTEGER);
CREATE TABLE typed.medication (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID, code VARCHAR,
    code_system VARCHAR, issue_date DATE, quantity DOUBLE, duration_days INTEGER);
CREATE TABLE typed.measurement (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, event_id UUID,
    setting VARCHAR, code VARCHAR, code_system VARCHAR, measured_date DATE, date_precision VARCHAR, value DOUBLE,
    unit VARCHAR);
CREATE TABLE typed.pregnancy (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, pregnancy_id UUID,
    booking_date DATE, expected_date DATE, delivery_month DATE, previous_live_births INTEGER);
CREATE TABLE typed.birth (person UUID, feed VARCHAR, provider VARCHAR, arrived DATE, mother UUID, pregnancy_id UUID,
    birth_month DATE, birth_order INTEGER, gestation_days INTEGER, birth_weight_grams INTEGER, delivery_method VARCHAR,
    outcome VARCHAR, mother_step VARCHAR);
CREATE TABLE typed.flagged (person UUID, flagged_on DATE, list VARCHAR, tier VARCHAR, risk DOUBLE);
