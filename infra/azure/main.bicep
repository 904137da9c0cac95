// Everything on Azure that a cluster of silos uses but does not run: keys, state, issuance log, membership, identities.
// az deployment group create --resource-group RG --template-file main.bicep --parameters main.bicepparam
targetScope = 'resourceGroup'

@description('Begins the names of all resources; 3 to 11 lowercase letters and digits.')
@minLength(3)
@maxLength(11)
param name string

@description('The region. One with availability zones.')
param location string = resourceGroup().location

@description('OIDC issuer of the AKS cluster that the silos run in, with its closing slash. Empty with createCluster.')
param oidcIssuer string = ''

@description('Make a reference AKS cluster too.')
param createCluster bool = false

@description('Subnet for private endpoints. Empty: the services answer publicly, and authorisation alone guards them.')
param endpointSubnetId string = ''

@description('Days for which deleted blobs and replaced versions of the issuance log can be brought back.')
@minValue(7)
@maxValue(365)
param logRetentionDays int = 365

@description('Days of version-level immutability of the issuance log; 0: none. See modules/logstorage.bicep before setting it.')
@minValue(0)
param logImmutabilityDays int = 0

@description('Days for which deleted blobs and earlier versions of state can be brought back.')
@minValue(7)
@maxValue(365)
param stateRecoveryDays int = 35

@description('Where logs of access to keys and stores go: the id of a Log Analytics workspace. Empty: nowhere.')
param workspaceId string = ''

var suffix = uniqueString(resourceGroup().id)

module cluster 'modules/aks.bicep' = if (createCluster) {
  name: 'cluster'
  params: {
    name: '${name}-aks'
    location: location
  }
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    name: name
    location: location
    oidcIssuer: createCluster ? cluster!.outputs.oidcIssuer : oidcIssuer
    authoritySubject: 'system:serviceaccount:meshgrains:meshgrains-authority'
    issuerSubject: 'system:serviceaccount:meshgrains:meshgrains-issuer'
  }
}

module vault 'modules/keyvault.bicep' = {
  name: 'vault'
  params: {
    name: '${name}${suffix}'
    location: location
    authorityPrincipalId: identities.outputs.authorityPrincipalId
    issuerPrincipalId: identities.outputs.issuerPrincipalId
    private: !empty(endpointSubnetId)
    workspaceId: workspaceId
  }
}

module state 'modules/statestorage.bicep' = {
  name: 'state'
  params: {
    name: '${take(name, 8)}st${suffix}'
    location: location
    principalIds: [identities.outputs.authorityPrincipalId, identities.outputs.issuerPrincipalId]
    recoveryDays: stateRecoveryDays
    private: !empty(endpointSubnetId)
    workspaceId: workspaceId
  }
}

module log 'modules/logstorage.bicep' = {
  name: 'log'
  params: {
    name: '${take(name, 8)}lg${suffix}'
    location: location
    principalIds: [identities.outputs.authorityPrincipalId, identities.outputs.issuerPrincipalId]
    retentionDays: logRetentionDays
    immutabilityDays: logImmutabilityDays
    private: !empty(endpointSubnetId)
    workspaceId: workspaceId
  }
}

module redis 'modules/redis.bicep' = {
  name: 'redis'
  params: {
    name: '${name}-${suffix}'
    location: location
    private: !empty(endpointSubnetId)
  }
}

module endpoints 'modules/endpoints.bicep' = if (!empty(endpointSubnetId)) {
  name: 'endpoints'
  params: {
    location: location
    subnetId: endpointSubnetId
    targets: [
      { name: 'vault', id: vault.outputs.id, group: 'vault' }
      { name: 'state', id: state.outputs.id, group: 'blob' }
      { name: 'log', id: log.outputs.id, group: 'blob' }
      { name: 'redis', id: redis.outputs.id, group: 'redisEnterprise' }
    ]
  }
}

@description('keys.uri')
output keysUri string = 'azurekms:${vault.outputs.uri}?protection=hsm'
@description('storage.blobEndpoint')
output blobEndpoint string = state.outputs.blobEndpoint
@description('storage.logBlobEndpoint')
output logBlobEndpoint string = log.outputs.blobEndpoint
@description('clustering.redis')
output redis string = redis.outputs.address
@description('infra/kubernetes/overlays/azure/identities.yaml')
output authorityClientId string = identities.outputs.authorityClientId
output issuerClientId string = identities.outputs.issuerClientId
